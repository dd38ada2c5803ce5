"""What bookers see: profiles, booking pages, bookings, calendar files."""

from calhooks.web.public import booker, booking, calendars, profile

PAGES = (booking, calendars, profile, booker)
