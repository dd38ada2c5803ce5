"""The pages of accounts: first start, login, settings, people."""

from calhooks.web.accounts import forgotten_password, home, login, open_sessions, people, settings, setup

PAGES = (home, setup, login, forgotten_password, settings, open_sessions, people)
