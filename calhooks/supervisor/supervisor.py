"""Starting the children, keeping them running, and stopping them in order."""

import os
import selectors
import signal
import time

from calhooks.delivery.processes.signals import PROCESS_DIED
from calhooks.supervisor.banner import print_banner
from calhooks.supervisor.child import Child
from calhooks.supervisor.commands import REDIS, commands
from calhooks.supervisor.forks import Preloaded
from calhooks.supervisor.guard import Guard
from calhooks.supervisor.migrations import migrate
from calhooks.supervisor.output import ProcessOutput, say
from calhooks.supervisor.preflight import CannotStart, Prepared
from calhooks.supervisor.readiness import Startup
from calhooks.supervisor.redis_server import socket_in
from calhooks.supervisor.redis_watch import RedisWatch
from calhooks.supervisor.stop import Stop

PROCESS_NAME = "calhooks"
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
CHECK_EVERY_SECONDS = 0.05
# A terminal and `make`, or a service manager, may both pass on what was one wish to stop.
SAME_WISH_SECONDS = 0.5


class Supervisor:
    """The one process that a person starts. `signals` are those to stop that have come already."""

    def __init__(self, prepared: Prepared, signals: list[int]) -> None:
        self._settings = prepared.settings
        self._prepared = prepared
        preloaded = Preloaded(prepared.settings)
        planned = commands(prepared.settings, prepared.listener.fileno())
        self._children = [Child(command, preloaded) for command in planned]
        self._selector = selectors.DefaultSelector()
        self._startup: Startup | None = Startup(prepared.listener)
        self._stop: Stop | None = None
        self._signals = signals
        self._status = 0
        self._redis = next((child for child in self._children if child.name == REDIS), None)
        self._redis_watch = RedisWatch(socket_in(prepared.settings.redis_url))

    def run(self) -> int:
        """Run until told to stop, or until the web server turns out unable to start. Returns the exit status.

        Raises CannotStart, and KeyboardInterrupt when a stop was asked for before there was anything to stop.
        """
        migrate(self._settings)
        self._take_signals()
        self._guard = Guard()
        try:
            for child in self._children:
                self._start(child)
            while self._stop is None or not self._stop.advance(self._children):
                self._pass_on_output(self._pause())
                self._heed_signals()
                self._look_after_children()
                self._announce()
            self._pass_on_output(0)
            # There is nothing left to stop: the status is what this process has to say.
            for number in STOP_SIGNALS:
                signal.signal(number, signal.SIG_IGN)
        finally:
            # Should anything have gone wrong here, the keeper ends what runs.
            self._guard.close()
        say(PROCESS_NAME, f"Stopped after {self._stop.seconds:.1f} s. What is owed is in the database.")
        return self._status

    def _take_signals(self) -> None:
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        self._selector.register(reader, selectors.EVENT_READ)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in STOP_SIGNALS:
            # Under nohup, a hang-up stays ignored.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, lambda number, _frame: self._signals.append(number))

    def _heed_signals(self) -> None:
        # Those that come meanwhile are for the next time: somebody may send them faster than they are heeded.
        heard, self._signals = self._signals, []
        if heard and self._stop is None:
            say(PROCESS_NAME, f"Stopping on {signal.Signals(heard[0]).name}: the web server, the workers, then Redis.")
            self._stop = Stop()
        elif heard and self._stop and self._stop.seconds > SAME_WISH_SECONDS:
            self._stop.at_once(self._children)

    def _start(self, child: Child) -> None:
        self._selector.register(child.start(), selectors.EVENT_READ)
        self._guard.add(child.pid, child.command.grace)
        if child is self._redis:
            self._redis_watch.begin()

    def _start_again(self, child: Child) -> None:
        try:
            self._start(child)
        except CannotStart as error:
            say(PROCESS_NAME, f"{child.name}: {error} Trying again in {child.put_off():g} s.")
        else:
            say(PROCESS_NAME, f"{child.name}: running again, process {child.pid}.")

    def _pass_on_output(self, wait: float | None) -> None:
        for key, _ in self._selector.select(wait):
            if isinstance(key.fileobj, ProcessOutput):
                if not key.fileobj.pass_on():
                    self._selector.unregister(key.fileobj)
                    key.fileobj.close()
            else:
                os.read(key.fd, 4096)

    def _pause(self) -> float | None:
        """Return how long nothing but a signal or output can matter, in seconds; None is for ever."""
        if self._stop is not None or self._startup is not None:
            return CHECK_EVERY_SECONDS
        waiting = [child.start_at for child in self._children if child.start_at is not None]
        if self._redis is not None and self._redis.running:
            waiting.append(self._redis_watch.look_at)
        return max(0.0, min(waiting) - time.monotonic()) if waiting else None

    def _look_after_children(self) -> None:
        if self._guard.renew():
            say(PROCESS_NAME, "The keeper was ended from outside and runs again.")
        for child in self._children:
            group = child.pid
            how = child.ended()
            if how is not None:
                self._guard.remove(group)
            if self._stop is not None:
                continue
            if how is not None and child.name == "web" and child.gave_up and self._startup is not None:
                say(PROCESS_NAME, "The web server could not start; its reason stands above.")
                self._status = 1
                self._stop = Stop()
            elif how is not None:
                say(PROCESS_NAME, f"{child.name}: {how}.")
                self._tell_scheduler()
            elif child.start_at is not None and child.start_at <= time.monotonic():
                self._start_again(child)
            elif child is self._redis and child.running and (trouble := self._redis_watch.trouble()):
                say(PROCESS_NAME, f"{child.name}: {trouble}; starting again.")
                child.send(signal.SIGKILL)

    def _tell_scheduler(self) -> None:
        """Have the leases of a process that has died given back now, not at the scheduler's next look."""
        for child in self._children:
            if child.name == "scheduler":
                child.send(PROCESS_DIED)

    def _announce(self) -> None:
        startup = self._startup
        if startup is None or self._stop is not None:
            return
        if startup.step():
            self._startup = None
            print_banner(self._settings, self._children, startup)
        elif complaint := startup.complaint():
            say(PROCESS_NAME, complaint)
