"""What runs under the supervisor. These are the commands that a server's operator would type."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from calhooks import ROOT
from calhooks.config import Config
from calhooks.supervisor import redis_server

REDIS = "redis"


@dataclass(frozen=True)
class Command:
    """One child: its name in the log, how it is started, and how many seconds it may take to finish its work.

    A line of its output that contains one of `hides` is not worth showing. `before` runs before each start.
    """

    name: str
    argv: tuple[str, ...]
    grace: float = 0
    inherits: tuple[int, ...] = ()
    hides: tuple[str, ...] = ()
    before: Callable[[], None] = lambda: None


def commands(settings: Config, listener: int) -> list[Command]:
    """List the children in the order of their start; `listener` is the port's descriptor. Raises CannotStart."""
    web = Command("web", gunicorn("--bind", f"fd://{listener}"), inherits=(listener,))
    workers = [Command(f"worker {number}", background("worker"), grace=8) for number in range(1, settings.workers + 1)]
    scheduler = Command("scheduler", background("scheduler"), grace=8)
    return [*([redis(settings)] if settings.redis_is_embedded else []), web, *workers, scheduler]


def redis(settings: Config) -> Command:
    """Return the embedded Redis. Raises CannotStart."""
    make_directory = partial(redis_server.make_directory, settings.redis_url, settings.data_dir)
    argv = redis_server.argv(settings.redis_url)
    return Command(REDIS, argv, hides=redis_server.CHATTER, before=make_directory)


def background(command: str) -> tuple[str, ...]:
    """Return the command line of a flask command of ours, which needs no pages and no commands of other libraries."""
    return (sys.executable, "-u", str(ROOT / "app.py"), "flask", command)


def flask(*arguments: str) -> tuple[str, ...]:
    """Return the command line of any flask command."""
    return (sys.executable, "-u", "-m", "flask", "--app", f"{ROOT / 'app.py'}:background", *arguments)


def gunicorn(*arguments: str) -> tuple[str, ...]:
    """Return gunicorn's command line; the application is found wherever calhooks was started from."""
    settings = ("--config", str(ROOT / "gunicorn.conf.py"), "--pythonpath", str(ROOT))
    return (sys.executable, "-u", "-m", "gunicorn", *settings, *arguments, "app:app")
