"""The body of a request: read by a thread, or received and forgotten, while Granian gets it from the client."""

from __future__ import annotations

import asyncio
import contextlib
import io
import threading
from typing import Any

from pocketrepo.errors import Stalled

DISCARD_BYTES, DISCARD_SECONDS, DISCARD_PAUSE = 1 << 30, 60.0, 2.0
"""How much of a body that nobody wants is still read, for how long, and for how long without a byte, so that its
client gets to see the answer."""


class Body(io.RawIOBase):
    """A request's body of ``length`` bytes, read by a thread while Granian receives it.

    Raises Stalled when nothing comes for ``timeout`` seconds, and reads short when the client goes away.
    """

    def __init__(self, proto: Any, timeout: float, length: int) -> None:
        self._chunks: Any = None
        self._proto = proto
        self._timeout = timeout
        self._rest = b""
        self._left = length

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def read(self, size: int = -1, /) -> bytes:
        """What has come, up to ``size`` bytes; everything for -1."""
        if size is None or size < 0:
            parts = []
            while part := self.read(1 << 20):
                parts.append(part)
            return b"".join(parts)
        if not self._rest and not self.ended:
            self._rest = self._next()
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

    @property
    def begun(self) -> bool:
        """Whether any of it was asked for; a client that expects to be asked sends nothing before."""
        return self._chunks is not None

    @property
    def ended(self) -> bool:
        """Whether all of it has come, or no more will."""
        return self._left <= 0

    async def discard(self) -> None:
        """Receive the rest, within limits, and forget it; takes no thread and no memory."""
        loop = asyncio.get_running_loop()
        enough = max(0, self._left - DISCARD_BYTES)
        with contextlib.suppress(Exception):  # whatever ends it, the answer comes next
            async with asyncio.timeout(DISCARD_SECONDS):
                while self._left > enough:
                    arrived = asyncio.Event()
                    chunk = self._ask()
                    chunk.add_done_callback(lambda _, at=arrived: loop.call_soon_threadsafe(at.set))
                    async with asyncio.timeout(DISCARD_PAUSE):
                        await arrived.wait()
                    self._take(chunk)

    def _next(self) -> bytes:
        chunk = self._ask()
        arrived = threading.Lock()
        arrived.acquire()
        chunk.add_done_callback(lambda _: arrived.release())
        if not arrived.acquire(timeout=self._timeout):
            chunk.cancel()
            self._left = 0
            raise Stalled(f"nothing of the request's body came for {self._timeout:g} seconds")
        return self._take(chunk)

    def _ask(self) -> Any:
        """A future of what comes next."""
        if self._chunks is None:
            self._chunks = aiter(self._proto)
        return anext(self._chunks)

    def _take(self, chunk: Any) -> bytes:
        try:
            data = bytes(chunk.result())
        except StopAsyncIteration:
            data = b""
        self._left = self._left - len(data) if data else 0
        return data


def announced(headers: Any) -> int:
    """Bytes that a request announces; for a chunked one, more than will come."""
    length = headers.get("content-length")
    if length is not None:
        return int(length)
    return 1 << 62 if headers.get("transfer-encoding") else 0
