"""What is said when everything runs."""

from collections.abc import Iterable

from calhooks import __version__
from calhooks.config import Config
from calhooks.supervisor.child import Child
from calhooks.supervisor.output import NAME_WIDTH, show


def show_ready(settings: Config, children: Iterable[Child], seconds: float | None) -> None:
    """Print the address and what is running; without `seconds`, that not everything answers yet."""
    if seconds is None:
        show(f"\ncalhooks {__version__} has started, but /readyz does not say yes: {settings.base_url}/readyz\n")
    else:
        show(f"\ncalhooks {__version__} is ready after {seconds:.1f} s: {settings.base_url}\n")
    for child in children:
        show(f"  {child.name:<{NAME_WIDTH}} process {child.pid}")
    if not settings.redis_is_embedded:
        show(f"  {'redis':<{NAME_WIDTH}} {_without_password(settings.redis_url)}")
    show(f"  {'database':<{NAME_WIDTH}} {_without_password(settings.database_url)}")
    show(f"  {'data':<{NAME_WIDTH}} {settings.data_dir}")
    show("\nCtrl-C stops everything.\n")


def _without_password(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
