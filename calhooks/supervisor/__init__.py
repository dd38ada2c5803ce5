"""`python app.py`: the web server, the workers, the scheduler and the embedded Redis under one process.

Only forks.py imports the application, after Redis and the web server were started.
"""

import signal
import sys
from types import FrameType

from calhooks.supervisor.output import open_streams
from calhooks.supervisor.preflight import CannotStart, prepare
from calhooks.supervisor.supervisor import Supervisor


def main() -> int:
    """Run everything until a signal says stop. Returns the process' exit status."""
    open_streams()
    signals: list[int] = []

    def interrupt(number: int, _frame: FrameType | None) -> None:
        # Remembered too: Python drops an exception that is raised while it cleans up, for example after a fork.
        signals.append(number)
        raise KeyboardInterrupt

    def report_dropped(dropped: "sys.UnraisableHookArgs") -> None:
        if dropped.exc_type is not KeyboardInterrupt:
            sys.__unraisablehook__(dropped)

    sys.unraisablehook = report_dropped
    # Also where a shell has it ignored by what it starts with `&`: who sends it there means it.
    signal.signal(signal.SIGINT, interrupt)
    try:
        return Supervisor(prepare(), signals).run()
    except CannotStart as error:
        sys.stderr.write(f"calhooks: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
