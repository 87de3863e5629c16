"""Answers that Granian cannot give, written to a request's own connection: a large file that the kernel sends
(sendfile(2)), and a reason beside the status. On Linux.

Granian reads a file block by block and copies each twice on its way to the socket, and knows no reasons of ours. But
it writes nothing to a connection while the answer to a request is awaited, so that one may be written here, on a
duplicate of its descriptor, up to the end of the connection: what Granian is given afterwards can no longer be sent.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import socket
import stat
import termios
from contextlib import suppress
from email.utils import formatdate
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO

from pocketrepo.answers import Answer, Span
from pocketrepo.hosts import join_peer

LARGE = 8 << 20
"""Bytes from which a file is worth a connection that its client then has to open again."""
DESCRIPTORS = Path("/dev/fd")
"""Lists the descriptors of this process."""


def connection(client: str) -> socket.socket | None:
    """A duplicate of the socket that leads to ``client``, ADDRESS:PORT as Granian writes it.

    None if there is none to be used: it is gone, or there are two (one client may have one port at two addresses of
    ours), or bytes of an earlier answer are still under way to a client that did not wait for it.
    """
    # All are listed before one is duplicated, so that no duplicate is among them.
    sockets = [int(entry.name) for entry in DESCRIPTORS.iterdir() if _is_socket(int(entry.name))]
    found = [each for descriptor in sockets if (each := _duplicate(descriptor, client)) is not None]
    if len(found) == 1 and _is_silent(found[0]):
        return found[0]
    for each in found:
        each.close()
    return None


def _is_socket(descriptor: int) -> bool:
    with suppress(OSError):
        return stat.S_ISSOCK(os.fstat(descriptor).st_mode)
    return False


def _duplicate(descriptor: int, client: str) -> socket.socket | None:
    """Of a descriptor, if it leads there."""
    with suppress(OSError):
        # Asked of the duplicate: the descriptor itself may be closed, and be another's, at any moment.
        duplicate = socket.socket(fileno=os.dup(descriptor))
        with suppress(OSError):
            if duplicate.family in (socket.AF_INET, socket.AF_INET6) and _peer(duplicate) == client:
                return duplicate
        duplicate.close()
    return None


def _peer(connection: socket.socket) -> str:
    address, port = connection.getpeername()[:2]
    return join_peer(address, str(port))


def _is_silent(connection: socket.socket) -> bool:
    """Whether its client has received all that was written to it (SIOCOUTQ, tcp(7)); False where nobody can say."""
    count = bytearray(4)
    try:
        fcntl.ioctl(connection, termios.TIOCOUTQ, count)
    except OSError:
        return False
    return not any(count)


async def send(connection: socket.socket, answer: Answer, reason: str, file: BinaryIO | None) -> None:
    """Write an answer, whose body is bytes or a span of ``file``, and end the connection.

    Whatever ends it earlier is the client's doing or the disk's; the client sees that bytes are missing.
    """
    loop = asyncio.get_running_loop()
    connection.setblocking(False)
    head, body = _head(answer, reason), answer.body
    with suppress(OSError, asyncio.SendfileNotAvailableError):
        if isinstance(body, Span):
            assert file is not None
            await loop.sock_sendall(connection, head)
            await loop.sock_sendfile(connection, file, body.start, body.stop - body.start, fallback=False)
        else:
            await loop.sock_sendall(connection, head + body)
    with suppress(OSError):
        connection.shutdown(socket.SHUT_WR)


def _head(answer: Answer, reason: str) -> bytes:
    fields = [*answer.headers, ("date", formatdate(usegmt=True)), ("connection", "close")]
    said = reason if reason.isprintable() else ""
    lines = [f"HTTP/1.1 {answer.status} {said or HTTPStatus(answer.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in fields]
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")
