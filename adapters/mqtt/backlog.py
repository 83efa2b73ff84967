"""Since when messages may wait at the broker: there a gap begins if it loses its sessions.

The newest sample does not tell. While a backlog is being taken, what comes is old, and what waits
behind it is as old; a broker that is killed then takes it along. MQTT has no word for "nothing
waits any more", so it is taken from the window: a broker that has more to send fills it.
"""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from adapters.mqtt.connection import Connection
from gateway.core.clock import Clock
from gateway.core.types import UnixNs

SECOND_NS = 1_000_000_000
LOOK_S = 0.25
LOOKS = 3
"""So many looks in a row without a full window mean that nothing waits: a broker that has more
fills it within a commit. So many at a full one mean that something does."""
UNREMEMBERED_NS = round(LOOKS * LOOK_S * SECOND_NS)
"""What waits no longer is not remembered: a gap begins so much before the newest sample came."""


class Backlog:
    """One device's; where there is a file it outlives the process. Waits for the disk in threads.

    An old file makes a gap wider and hides nothing, so one that cannot be removed does no harm.
    One that cannot be written is reported by the spool, which lives on the same disk.
    """

    def __init__(self, folder: Path | None, device: str, session: str) -> None:
        self.since: UnixNs | None = None
        """What was published since then may not have come; None: everything came."""
        self.lost = False
        """The broker made a new session, and no gap says yet what went by before it subscribed us.

        It will call such a session present although it missed everything before that.
        """
        self._file = None if folder is None else folder / f"{quote(device, safe='')}.json"
        self._session = session
        self._loaded = False

    async def load(self) -> None:
        """Take up what a process before this one left, once."""
        if not self._loaded and self._file is not None:
            self.since, self.lost = await asyncio.to_thread(self._read)
        self._loaded = True

    async def begin(self, since: UnixNs | None) -> None:
        """Remember, before any of it is taken, that messages wait since then; or since before."""
        if self.since is None and since is not None:
            self.since = since
            await asyncio.to_thread(self._write)

    def lose_now(self, since: UnixNs) -> None:
        """Remember it at once, without waiting for the disk: it has to survive the process.

        The broker has made the new session with its answer; killed before this, the next process
        would take it for the old one.
        """
        self.since, self.lost = since, True
        self._write(durable=False)

    async def lose(self, since: UnixNs) -> None:
        """Remember that what was published since then never comes, and that no gap says so yet."""
        self.since, self.lost = since, True
        await asyncio.to_thread(self._write)

    async def end(self) -> None:
        """Forget it: all of it came, or a durable gap says that it never will."""
        if self.since is not None or self.lost:
            self.since, self.lost = None, False
            await asyncio.to_thread(self._write)

    async def follow(self, connection: Connection, clock: Clock) -> None:
        """Watch the window until the connection ends. Cancel: returns at once."""
        connection.take_fill()  # what stood before the subscriptions says nothing
        looks, full = 0, False
        while connection.error is None:
            await clock.sleep(LOOK_S)
            before, full = full, connection.take_fill() >= 1
            looks = looks + 1 if full == before else 1
            if looks < LOOKS or self.lost:
                continue
            if full:
                await self.begin(UnixNs(clock.now() - round(looks * LOOK_S * SECOND_NS)))
            else:
                await self.end()

    def _read(self) -> tuple[UnixNs | None, bool]:
        assert self._file is not None
        try:
            facts = json.loads(self._file.read_bytes())
            if facts["session"] == self._session:
                return UnixNs(int(facts["since"])), bool(facts["lost"])
        except (OSError, ValueError, KeyError, TypeError):
            pass
        return None, False

    def _write(self, *, durable: bool = True) -> None:
        file, since = self._file, self.since
        if file is None:
            return
        facts = {"session": self._session, "since": since, "lost": self.lost}
        with suppress(OSError):
            if since is None:
                file.unlink(missing_ok=True)
                return
            file.parent.mkdir(parents=True, exist_ok=True)
            new = file.with_suffix(".new")
            with new.open("wb") as out:
                out.write(json.dumps(facts).encode())
                out.flush()
                if durable:
                    os.fsync(out.fileno())
            new.replace(file)
