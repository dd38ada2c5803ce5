"""What is said when everything runs."""

from collections.abc import Iterable

from calhooks import __version__
from calhooks.accounts.setup_code import setup_code
from calhooks.config import Config
from calhooks.config.redaction import without_passwords
from calhooks.datadir import is_open_to_others
from calhooks.supervisor.child import Child
from calhooks.supervisor.output import NAME_WIDTH, show
from calhooks.supervisor.readiness import Startup


def print_banner(settings: Config, children: Iterable[Child], startup: Startup) -> None:
    """Print the address, what is running and, before the first account exists, where it is made."""
    show(f"\ncalhooks {__version__} is ready after {startup.ready_after:.1f} s: {settings.base_url}\n")
    for child in children:
        _line(child.name, f"process {child.pid}")
    if not settings.redis_is_embedded:
        _line("redis", without_passwords(settings.redis_url))
    _line("database", without_passwords(settings.database_url))
    _line("data", str(settings.data_dir))
    if is_open_to_others(settings.data_dir):
        show(f"\nOther users of this machine can open the data directory: chmod 700 {settings.data_dir}")
    if settings.may_lack_proxies:
        show(f"\nSet CALHOOKS_TRUSTED_PROXIES to the number of proxies between {settings.base_url} and this server.")
    if startup.needs_setup:
        asked = "one-time code, if asked" if settings.is_for_this_machine else "one-time code"
        show(f"\nMake your account: {settings.base_url}/setup ({asked}: {setup_code(settings)})")
    show("\nCtrl-C stops everything.\n")


def _line(name: str, text: str) -> None:
    show(f"  {name:<{NAME_WIDTH}} {text}")
