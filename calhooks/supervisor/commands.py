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

    A line of its output that contains one of `hides` is not worth showing. `flask_command` is the command of ours that
    `argv` runs, or empty. `before` runs before each start.
    """

    name: str
    argv: tuple[str, ...]
    grace: float = 0
    inherits: tuple[int, ...] = ()
    hides: tuple[str, ...] = ()
    flask_command: str = ""
    before: Callable[[], None] = lambda: None


def commands(settings: Config, listener: int) -> list[Command]:
    """List the children in the order of their start; `listener` is the port's descriptor. Raises CannotStart."""
    web = Command("web", gunicorn("--bind", f"fd://{listener}"), inherits=(listener,))
    workers = [background(f"worker {number}", "worker") for number in range(1, settings.workers + 1)]
    scheduler = background("scheduler", "scheduler")
    return [*([redis(settings)] if settings.redis_is_embedded else []), web, *workers, scheduler]


def redis(settings: Config) -> Command:
    """Return the embedded Redis. Raises CannotStart."""
    make_directory = partial(redis_server.make_directory, settings.redis_url, settings.data_dir)
    argv = redis_server.argv(settings.redis_url)
    return Command(REDIS, argv, hides=redis_server.CHATTER, before=make_directory)


def background(name: str, flask_command: str) -> Command:
    """Return a flask command of ours, which needs no pages and no commands of other libraries."""
    argv = (sys.executable, "-u", str(ROOT / "app.py"), "flask", flask_command)
    return Command(name, argv, grace=8, flask_command=flask_command)


def flask(*arguments: str) -> tuple[str, ...]:
    """Return the command line of any flask command."""
    return (sys.executable, "-u", "-m", "flask", "--app", f"{ROOT / 'app.py'}:background", *arguments)


def gunicorn(*arguments: str) -> tuple[str, ...]:
    """Return gunicorn's command line; the application is found wherever calhooks was started from."""
    settings = ("--config", str(ROOT / "gunicorn.conf.py"), "--pythonpath", str(ROOT))
    return (sys.executable, "-u", "-m", "gunicorn", *settings, *arguments, "app:app")
