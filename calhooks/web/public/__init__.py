"""What bookers see: profiles, booking pages, bookings, calendar files."""

from calhooks.web.public import booker, booking, calendars, profile

# Registered once more below /team, by these names.
TEAM_PAGES = ((profile, "team_profile"), (booker, "team_booker"))
PAGES = (booking, calendars, profile, booker)
