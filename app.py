"""The way in: `python app.py` runs everything; `app` is for WSGI servers and for `flask`.

`background` is the same without pages, which workers and the scheduler never show: they start sooner and stay smaller.
`python app.py flask worker` is `flask worker` without what flask loads for commands of other libraries.
"""

import gc
import sys

if sys.version_info < (3, 11):  # noqa: UP036 - an old Python gets a sentence instead of a traceback
    sys.exit("calhooks needs Python 3.11 or newer; this is Python %d.%d." % sys.version_info[:2])  # noqa: UP031


def __getattr__(name):  # type: ignore[no-untyped-def]  # read by Pythons that do not know annotations of ours
    """Make `app` or `background` when it is asked for: the supervisor below never does."""
    if name not in ("app", "background"):
        raise AttributeError(name)
    from calhooks import create_app
    from calhooks.config import ConfigError

    # Nothing of what is being loaded is garbage: looking for some takes a fifth of the time of the start.
    gc.disable()
    try:
        globals()[name] = create_app(pages=name == "app")
    except ConfigError as error:
        sys.stderr.write("calhooks: %s\n" % error)  # noqa: UP031
        # gunicorn takes 3 for "could not start" and does not try again.
        sys.exit(3)
    gc.freeze()
    gc.enable()
    return globals()[name]


if __name__ == "__main__" and sys.argv[1:2] == ["flask"]:
    _background = __getattr__("background")  # type: ignore[no-untyped-call]  # see there
    from calhooks.cli import run_flask

    run_flask(_background, *sys.argv[2:])

if __name__ == "__main__":
    if sys.argv[1:]:
        sys.exit("calhooks: python app.py takes no arguments: it runs everything. flask --help lists single commands.")

    from calhooks.supervisor import main

    sys.exit(main())
