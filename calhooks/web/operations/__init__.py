"""Pages for machines, and the documentation."""

from calhooks.web.operations import docs, health

PAGES = (docs, health)
