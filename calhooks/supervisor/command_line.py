"""The command line of a forked process, by which `ps` and `pgrep -f` find it."""

import ctypes
import os
from pathlib import Path

# From linux/prctl.h.
PR_SET_MM = 35
PR_SET_MM_MAP = 14
ADDRESSES = (
    *("start_code", "end_code", "start_data", "end_data", "start_brk", "brk", "start_stack"),
    *("arg_start", "arg_end", "env_start", "env_end", "auxv"),
)
# Where proc_pid_stat(5) has these addresses. The size of the heap is not among them, and auxv stays as it is.
STAT_FIELDS = {
    "start_code": 26,
    "end_code": 27,
    "start_stack": 28,
    "start_data": 45,
    "end_data": 46,
    "start_brk": 47,
    "env_start": 50,
    "env_end": 51,
}
KEEP_EXECUTABLE = 0xFFFFFFFF


class _MemoryMap(ctypes.Structure):
    """Is `struct prctl_mm_map` of linux/prctl.h."""

    _fields_ = (
        *((name, ctypes.c_uint64) for name in ADDRESSES),
        ("auxv_size", ctypes.c_uint32),
        ("exe_fd", ctypes.c_uint32),
    )


# The kernel reads the command line from here whenever it is asked for it.
_shown: ctypes.Array[ctypes.c_char]


def set_command_line(argv: tuple[str, ...]) -> None:
    """Have Linux show `argv` as the command line of this process. It needs no privilege.

    Raises OSError where the kernel does not offer that: it was built without CONFIG_CHECKPOINT_RESTORE.
    """
    global _shown
    text = b"".join(os.fsencode(argument) + b"\0" for argument in argv)
    shown = ctypes.create_string_buffer(text, len(text))
    start = ctypes.addressof(shown)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.sbrk.restype = ctypes.c_void_p
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    # Field 3 is the first behind the name of the program, which may contain anything.
    addresses = {name: int(fields[field - 3]) for name, field in STAT_FIELDS.items()}
    wanted = _MemoryMap(
        **addresses, brk=libc.sbrk(0), arg_start=start, arg_end=start + len(text), exe_fd=KEEP_EXECUTABLE
    )
    size = ctypes.c_ulong(ctypes.sizeof(wanted))
    if libc.prctl(PR_SET_MM, ctypes.c_ulong(PR_SET_MM_MAP), ctypes.byref(wanted), size, ctypes.c_ulong(0)):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    _shown = shown
