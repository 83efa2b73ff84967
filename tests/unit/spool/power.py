"""A disk whose power can be cut: only what was synced is sure to remain."""

from __future__ import annotations

import random
import threading
from pathlib import Path
from typing import Any

import apsw

SECTOR = 512


class PowerFile(apsw.VFSFile):
    """Writes through, and remembers what a cut may take back."""

    def __init__(self, disk: PowerDisk, name: Any, flags: list[int]) -> None:
        super().__init__("", name, flags)
        path = name if isinstance(name, str) else name.filename()
        self.path = Path(path) if path else None
        self.disk = disk
        if self.path is not None:
            disk.durable.setdefault(
                self.path, self.path.read_bytes() if self.path.exists() else b""
            )

    def xWrite(self, data: bytes, offset: int) -> None:
        self.disk.check("write")
        if self.path is not None:
            self.disk.pending.setdefault(self.path, []).append((offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, size: int) -> None:
        self.disk.check("write")
        if self.path is not None:
            self.disk.pending.setdefault(self.path, []).append((size, None))
        super().xTruncate(size)

    def xSync(self, flags: int) -> None:
        self.disk.moves.wait(60)
        self.disk.check("sync")
        self.disk.syncs += 1
        super().xSync(flags)
        if self.path is not None:
            self.disk.settle(self.path)


class PowerDisk(apsw.VFS):
    """A VFS by this name; `cut` writes what a power cut could have left into another folder.

    `failing` makes the next operations of a kind ("write", "sync") fail as a broken disk does, with
    `error`. While `moves` is not set a sync does not return.
    """

    def __init__(self, name: str, seed: int) -> None:
        self.vfs_name = name
        self.random = random.Random(seed)
        self.durable: dict[Path, bytes] = {}
        self.pending: dict[Path, list[tuple[int, bytes | None]]] = {}
        self.failing: dict[str, int] = {}
        self.error: type[apsw.Error] = apsw.IOError
        self.moves = threading.Event()
        self.moves.set()
        self.syncs = 0
        super().__init__(name, "")

    def xOpen(self, name: Any, flags: list[int]) -> PowerFile:
        return PowerFile(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        super().xDelete(filename, syncdir)
        self.durable.pop(Path(filename), None)
        self.pending.pop(Path(filename), None)

    def check(self, kind: str) -> None:
        left = self.failing.get(kind, 0)
        if left:
            self.failing[kind] = left - 1
            raise self.error(f"injected {kind} failure")

    def settle(self, path: Path) -> None:
        """What was written to a file is now sure."""
        data = bytearray(self.durable.get(path, b""))
        for offset, piece in self.pending.pop(path, []):
            apply(data, offset, piece)
        self.durable[path] = bytes(data)

    def cut(self, source: Path, target: Path) -> None:
        """Write the synced bytes of each file, and of the others a random part, torn in sectors."""
        target.mkdir()
        for path in source.iterdir():
            if not path.is_file() or path.name.endswith("-shm"):
                continue
            data = bytearray(
                self.durable.get(path, b"") if path in self.durable else path.read_bytes()
            )
            for offset, piece in self.pending.get(path, []):
                if piece is None:
                    if self.random.random() < 0.5:
                        apply(data, offset, None)
                    continue
                for at in range(0, len(piece), SECTOR):
                    if self.random.random() < 0.5:
                        apply(data, offset + at, piece[at : at + SECTOR])
            (target / path.name).write_bytes(data)


def apply(data: bytearray, offset: int, piece: bytes | None) -> None:
    if piece is None:
        del data[offset:]
        return
    if len(data) < offset:
        data.extend(b"\0" * (offset - len(data)))
    data[offset : offset + len(piece)] = piece
