"""Teams: who belongs to them, how people come in, and a team's settings."""

from calhooks.web.teams import invitations, joining, leaving, members, overview, team_settings

# Below a team's address alone, and where.
TEAM_PAGES = (
    (members, ""),
    (leaving, "/members"),
    (invitations, "/members"),
    (team_settings, "/settings"),
)
PAGES = (overview, joining)
