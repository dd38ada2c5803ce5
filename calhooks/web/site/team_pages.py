"""Pages that a person and a team have alike: the same views, also below /teams/<id>, where links stay with the team."""

from typing import Any

from flask import Blueprint, Flask, g, has_request_context, request

# What the names of blueprints begin with that are registered once more for teams.
OF_TEAM = "of_team_"


class Site(Flask):
    """Flask, with links that lead from a team's page to the team's other pages."""

    def url_for(self, endpoint: str, **values: Any) -> str:
        """Return an address, of the page of the team at hand where a team has one.

        `team_id` says of which team; None asks for the page of the person.
        """
        team_id = values.pop("team_id", _team_id())
        if team_id is not None and f"{OF_TEAM}{endpoint}" in self.view_functions:
            return super().url_for(f"{OF_TEAM}{endpoint}", team_id=team_id, **values)
        return super().url_for(endpoint, **values)


def register_for_teams(app: Flask, blueprint: Blueprint, prefix: str) -> None:
    """Register a blueprint of owners' pages once more, below a team's address."""
    app.register_blueprint(blueprint, name=OF_TEAM + blueprint.name, url_prefix=f"/teams/<int:team_id>{prefix}")


def init_app(app: Flask) -> None:
    """Take the team out of the address, so that views need not know whether they show a person's or a team's."""

    @app.url_value_preprocessor
    def _take_team(_endpoint: str | None, values: dict[str, Any] | None) -> None:
        shared = (request.blueprint or "").startswith(OF_TEAM)
        g.team_id = values.pop("team_id") if shared and values else None


def _team_id() -> int | None:
    team_id: int | None = g.get("team_id") if has_request_context() else None
    return team_id
