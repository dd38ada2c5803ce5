"""The flask commands for servers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from sqlalchemy.exc import DBAPIError

from calhooks.accounts import links, users
from calhooks.accounts.errors import InvalidAccount
from calhooks.config import current_config
from calhooks.db import database_reason, load_migrations, writing
from calhooks.encryption.check import open_database
from calhooks.encryption.columns import Unreadable
from calhooks.encryption.keys import WrongKey
from calhooks.encryption.rotation import rotate_secrets
from calhooks.scheduling.defaults import give_defaults
from calhooks.zones import UnknownZone, canonical_zone


def _zone(_context: click.Context, _parameter: click.Parameter, typed: str) -> str:
    try:
        return canonical_zone(typed)
    except UnknownZone as error:
        raise click.BadParameter(str(error)) from error


@contextmanager
def _database() -> Iterator[None]:
    """Get the database ready; one that cannot be used is a sentence for the person who typed the command."""
    try:
        open_database(current_app)
        yield
    except (WrongKey, Unreadable) as error:
        raise click.ClickException(str(error)) from error
    except DBAPIError as error:
        raise click.ClickException(f"The database cannot be used: {database_reason(error)}") from error


def _open() -> None:
    """Get the database ready; one that is unreachable is waited for."""
    try:
        open_database(current_app)
    except WrongKey as error:
        raise click.ClickException(str(error)) from error


@click.command("create-user")
@click.option("--name", prompt=True, help="The person's name.")
@click.option("--username", prompt=True, help="The first part of the address of their page.")
@click.option("--email", prompt="E-mail address", help="What they log in with.")
@click.option("--time-zone", default="UTC", show_default=True, callback=_zone, help="Such as Europe/London.")
@click.option("--password", prompt=True, hide_input=True, confirmation_prompt=True, help="Asked for when not given.")
@click.option("--admin", is_flag=True, help="May add people. The first account always may.")
@with_appcontext
def create_user_command(name: str, username: str, email: str, time_zone: str, password: str, admin: bool) -> None:
    """Make an account with its working hours and first event types."""
    try:
        account = users.draft_account(name=name, username=username, email=email, time_zone=time_zone, password=password)
        with _database(), writing() as session:
            is_admin = admin or not users.exist(session)
            user = users.create_user(session, account, is_admin=is_admin)
            give_defaults(session, user)
    except InvalidAccount as error:
        raise click.ClickException("\n".join(f"{field}: {text}" for field, text in error.errors.items())) from error
    click.echo(
        f"Made the {'administrator' if is_admin else 'account'} {user.username}: {current_config().base_url}/login"
    )


@click.command("reset-password")
@click.argument("email")
@with_appcontext
def reset_password(email: str) -> None:
    """Print a one-time link with which the person with this e-mail address chooses a new password."""
    with _database(), writing() as session:
        user = users.by_email(session, email)
        if user is None:
            raise click.ClickException(f"Nobody has an account with the e-mail address {email}.")
        token = links.create_link(session, user)
    click.echo(f"{user.name} can choose a new password once, within {links.LINK_LIFETIME.days} days, at")
    click.echo(links.address(current_config().base_url, token))


@click.command("worker")
@with_appcontext
def work() -> None:
    """Deliver webhooks until stopped. Run as many as you like, on as many machines."""
    # Imported here, and below, because the web server knows these commands too and should not load what they need.
    from calhooks import worker

    _open()
    worker.run_worker()


@click.command("scheduler")
@with_appcontext
def schedule() -> None:
    """See to retries, meetings and old data until stopped. A second one stands by."""
    from calhooks import scheduler

    _open()
    scheduler.run_scheduler()


@click.command("rotate-secrets")
@with_appcontext
def rotate_secrets_command() -> None:
    """Encrypt every secret in the database with SECRET_KEY, after it was changed. Can be interrupted and run again."""
    # What has encrypted columns and was not imported above.
    from calhooks.scheduling.models import calendars  # noqa: F401 - fills the metadata
    from calhooks.webhooks import models  # noqa: F401 - fills the metadata

    with _database():
        for label, rewritten in rotate_secrets():
            click.echo(f"{label}: {rewritten:,} encrypted again")
    click.echo("Everything is encrypted with SECRET_KEY. SECRET_KEY_FALLBACKS is now needed for sessions only.")


class _Migrations(click.Command):
    """Stands for Flask-Migrate's commands, which are loaded when they are asked for."""

    def __init__(self, app: Flask) -> None:
        super().__init__("db", help="Bring the database up to date.")
        self._app = app

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Hand over to them."""
        load_migrations(self._app)
        return self._app.cli.commands["db"].make_context(info_name, args, parent, **extra)


def init_app(app: Flask) -> None:
    """Add the commands to the application."""
    app.cli.add_command(_Migrations(app))
    app.cli.add_command(work)
    app.cli.add_command(schedule)
    app.cli.add_command(create_user_command)
    app.cli.add_command(reset_password)
    app.cli.add_command(rotate_secrets_command)
