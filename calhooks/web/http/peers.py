"""Whose process is at the other end of a connection from this machine, as Linux tells in /proc/net.

No header tells a proxy on this machine from a browser on it: nginx 1.29.7 and newer adds none unless it is told to. But
its processes are another user's.
"""

import os
from pathlib import Path

# Addresses end in ":" and the port in hexadecimal:
# https://www.kernel.org/doc/Documentation/networking/proc_net_tcp.txt.
TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
LOCAL, REMOTE, STATE, USER = 1, 2, 3, 7
ESTABLISHED = "01"


def may_be_this_user(client_port: int, server_port: int) -> bool:
    """Tell whether the user of this process may have opened a loopback connection; False if surely somebody else has.

    A socket that its process has closed is shown as root's, and counts as somebody else's. True where the system does
    not tell.
    """
    sockets = [row for table in TABLES for row in _rows(table) if _ports(row) == (client_port, server_port)]
    return all(int(row[USER]) == os.getuid() and row[STATE] == ESTABLISHED for row in sockets)


def _rows(table: Path) -> list[list[str]]:
    try:
        lines = table.read_text().splitlines()[1:]
    except OSError:
        return []
    return [row for row in map(str.split, lines) if len(row) > USER]


def _ports(row: list[str]) -> tuple[int, int]:
    return int(row[LOCAL].rpartition(":")[2], 16), int(row[REMOTE].rpartition(":")[2], 16)
