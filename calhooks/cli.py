"""The flask commands for servers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import ScriptInfo, with_appcontext
from sqlalchemy.exc import DBAPIError

from calhooks.accounts import links, users
from calhooks.accounts.errors import InvalidAccount
from calhooks.config import current_config
from calhooks.db import NotUpgraded, database_reason, db, load_migrations, make_tables, writing
from calhooks.encryption.check import add_newest_key, open_database
from calhooks.encryption.columns import Unreadable, encryption_of
from calhooks.encryption.keys import WrongKey
from calhooks.encryption.rotation import encrypted_columns, rotate_secrets
from calhooks.encryption.unreadable import unreadable
from calhooks.scheduling.defaults import give_defaults
from calhooks.zones import UnknownZone, canonical_zone

DISCARD_WARNING = """
This cannot be undone. Stop calhooks first, and copy the database in case the former key turns up.
- Webhooks with a lost secret, key pair or secret header are switched off, and their owners are told to enter new ones.
- Calendar feeds get a new address, to which their owners have to subscribe again.
- Unsent mails are marked as failed.
"""


def _zone(_context: click.Context, _parameter: click.Parameter, typed: str) -> str:
    try:
        return canonical_zone(typed)
    except UnknownZone as error:
        raise click.BadParameter(str(error)) from error


@contextmanager
def _database(*, any_key: bool = False) -> Iterator[None]:
    """Get the database ready, also for `any_key` that decrypts nothing in it.

    One that cannot be used is a sentence for the person who typed the command.
    """
    try:
        (make_tables if any_key else open_database)(current_app)
        yield
    except (WrongKey, NotUpgraded, Unreadable) as error:
        raise click.ClickException(str(error)) from error
    except DBAPIError as error:
        raise click.ClickException(f"The database cannot be used: {database_reason(error)}") from error


def _open() -> None:
    """Get the database ready; one that is unreachable is waited for."""
    try:
        open_database(current_app)
    except (WrongKey, NotUpgraded) as error:
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
@click.option("--discard-unreadable", is_flag=True, help="Give up what no key can decrypt, after a key was lost.")
@click.option("--yes", is_flag=True, help="Discard without asking.")
@with_appcontext
def rotate_secrets_command(discard_unreadable: bool, yes: bool) -> None:
    """Encrypt every secret in the database with SECRET_KEY, after it was changed. Can be interrupted and run again."""
    # What has encrypted columns and was not imported above.
    from calhooks.scheduling.models import calendars  # noqa: F401 - fills the metadata
    from calhooks.webhooks import models  # noqa: F401 - fills the metadata

    with _database(any_key=discard_unreadable):
        if discard_unreadable:
            _discard_unreadable(ask=not yes)
        for label, rewritten in rotate_secrets():
            click.echo(f"{label}: {rewritten:,} encrypted again")
    click.echo("Everything is encrypted with SECRET_KEY. SECRET_KEY_FALLBACKS is now needed for sessions only.")


def _discard_unreadable(*, ask: bool) -> None:
    # Imported here: only this command needs them.
    from calhooks.delivery.lost_secrets import discard_lost_secrets
    from calhooks.mail.lost_texts import discard_lost_texts
    from calhooks.scheduling.calendars.feeds import renew_lost_feeds

    lost = [(encryption_of(each).label, sum(1 for _ in unreadable(db.session(), each))) for each in encrypted_columns()]
    for label, count in lost:
        click.echo(f"{label}: {count:,} cannot be decrypted")
    if ask and any(count for _, count in lost):
        click.echo(DISCARD_WARNING)
        click.confirm("Discard them?", abort=True)
    with writing() as session:
        add_newest_key(session.connection())
    with writing() as session:
        click.echo(f"{discard_lost_secrets(session):,} webhooks switched off, until their owners enter new secrets")
    with writing() as session:
        owners = renew_lost_feeds(session)
        names = f": {', '.join(owner.username for owner in owners)}" if owners else ""
    click.echo(f"{len(owners):,} calendar feeds have a new address{names}")
    click.echo(f"{discard_lost_texts():,} mails will not be sent")


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


def run_flask(app: Flask, *arguments: str) -> None:
    """Run a command as `flask` does, without what `flask` loads for commands of other libraries. Raises SystemExit."""
    app.cli.main(list(arguments), prog_name="flask", obj=ScriptInfo(create_app=lambda: app))
