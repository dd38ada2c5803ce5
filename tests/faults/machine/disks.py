"""A small disk of a test's own: it can be full, or refuse every write. Needs root and a loop device."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

SIZE_MEGABYTES = 48
UNMOUNT_SECONDS = 30.0
PROGRAMS = ("mkfs.ext4", "mount", "umount", "chattr")


class Disk:
    """An ext4 file system in a file, mounted at `directory`."""

    def __init__(self, image: Path, directory: Path) -> None:
        if os.getuid() != 0 or not all(map(shutil.which, PROGRAMS)):
            pytest.skip("only root, with e2fsprogs, can mount a disk")
        self._directory = directory
        self._filler = directory / "filler"
        directory.mkdir(mode=0o700)
        with image.open("wb") as file:
            file.truncate(SIZE_MEGABYTES * 1024 * 1024)
        # Without the blocks that are kept for root, who may be running this.
        _run("mkfs.ext4", "-q", "-m", "0", str(image))
        mounted = subprocess.run(
            ("mount", "-o", "loop", str(image), str(directory)), capture_output=True, text=True, check=False
        )
        if mounted.returncode:
            pytest.skip(f"this machine mounts no disk: {mounted.stderr.strip()}")
        directory.chmod(0o700)

    def fill(self) -> None:
        """Leave no room on it."""
        with self._filler.open("ab", buffering=0) as file, suppress(OSError):
            for size in (1024 * 1024, 4096, 1):
                with suppress(OSError):
                    while True:
                        file.write(b"x" * size)

    def free(self) -> None:
        """Give the room back."""
        self._filler.unlink()

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """Refuse every write, also through files that are open: a remount is refused while there are any.

        The index of SQLite's write-ahead log is left out. It is mapped into memory, and Linux would kill with SIGBUS
        whoever writes to it.
        """
        files = [path for path in self._directory.iterdir() if not path.is_socket() and path.suffix != ".sqlite3-shm"]
        kept = [str(path) for path in (self._directory, *files)]
        _run("chattr", "+i", *kept)
        try:
            yield
        finally:
            _run("chattr", "-i", *kept)

    def close(self) -> None:
        """Unmount it, once the last process that used it has ended."""
        deadline = time.monotonic() + UNMOUNT_SECONDS
        while subprocess.run(("umount", str(self._directory)), capture_output=True, check=False).returncode:
            assert time.monotonic() < deadline, f"{self._directory} is still in use"
            time.sleep(0.1)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
