"""A file read piece by piece from a place in it; blocking, nothing is kept open between pieces."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gateway.core.types import UnixNs
from gateway.usage.config import FileIntakeConfig
from gateway.usage.intakes.encodings import Encoding, detect, is_utf16
from gateway.usage.intakes.lines import LINE_BYTES_MAX, LineError, LineParser
from gateway.usage.intakes.mapping import HEAD_BYTES, raw_of, unreadable
from gateway.usage.model import Raw

PIECE_BYTES = 256 * 1024
SAMPLE_BYTES = 64 * 1024
HEAD_MAX = 4 * 1024
"""Of a file's first lines: what tells it from others."""
ENCODINGS: dict[str, Encoding] = {"utf-8": "utf-8", "cp949": "cp949"}


class FileRefused(Exception):
    """No line of this file can ever be read; the text says why."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far a file was read; `skipping`: inside a line that is too long."""

    offset: int = 0
    encoding: Encoding | None = None
    skipping: bool = False

    def as_json(self) -> dict[str, Any]:
        return {"offset": self.offset, "encoding": self.encoding, "skipping": self.skipping}

    @staticmethod
    def from_json(kept: Mapping[str, Any]) -> Place:
        encoding = ENCODINGS.get(str(kept.get("encoding")))
        return Place(int(kept["offset"]), encoding, bool(kept.get("skipping")))


@dataclass(frozen=True, slots=True)
class Line:
    """One line and where it begins; `whole` is false where only its first bytes are here."""

    offset: int
    data: bytes
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Piece:
    """The events of one stretch of a file, and the place after it."""

    raws: list[Raw]
    place: Place
    unfit: int = 0
    why: str = ""
    """Of the first line that could not be read."""


class FileReader:
    """Reads one file from place to place.

    Args:
        config: of the intake.
        intake: how its events name it, such as `file:mes`.
        path: the file now; may be given another name later.
        mark: what names the file's content in source ids.
        head_size: with it, `mark` is the hash of that many first bytes, and is compared.
    """

    def __init__(
        self, config: FileIntakeConfig, intake: str, path: Path, mark: str, head_size: int = 0
    ) -> None:
        self._config = config
        self._intake = intake
        self.path = path
        self._mark = mark
        self._head_size = head_size
        self._parser = LineParser(config)
        self._begun = False
        self.missing_columns: list[str] = []

    def read(self, place: Place, now: UnixNs, *, to_end: bool) -> Piece:
        """Read on from a place, at most `PIECE_BYTES`; `to_end` takes a last line without an end.

        Raises:
            OSError: the file cannot be read now. FileRefused: it never can.
        """
        with self.path.open("rb") as file:
            sample = file.read(SAMPLE_BYTES)
            if self._head_size and _digest(sample[: self._head_size]) != self._mark:
                raise FileNotFoundError(f"{self.path.name} is another file now")
            encoding = place.encoding or self._encoding(sample)
            if not self._begun:
                file.seek(0)
                self._begin(file.readline(LINE_BYTES_MAX), encoding)
            file.seek(place.offset)
            data = file.read(PIECE_BYTES)
            at_end = len(data) < PIECE_BYTES
        if encoding is None and self._config.encoding == "auto":
            encoding = detect(data)
        lines, after = _split(data, place, to_end=to_end and at_end)
        return self._piece(lines, replace(after, encoding=encoding), now)

    def _encoding(self, sample: bytes) -> Encoding | None:
        if is_utf16(sample):
            raise FileRefused("UTF-16 is not read: save the file as UTF-8")
        chosen = ENCODINGS.get(self._config.encoding)
        return chosen or detect(sample)

    def _begin(self, first: bytes, encoding: Encoding | None) -> None:
        if self._parser.has_header:
            try:
                self.missing_columns = self._parser.begin(first, encoding)
            except LineError as error:
                raise FileRefused(f"header: {error}") from None
        self._begun = True

    def _piece(self, lines: Iterator[Line], after: Place, now: UnixNs) -> Piece:
        raws, unfit, why = [], 0, ""
        for line in lines:
            if line.offset == 0 and self._parser.has_header:
                continue
            try:
                raw = self._raw(line, after.encoding, now)
            except LineError as error:
                unfit, why = unfit + 1, why or str(error)
                raw = self._unreadable(line, str(error), now)
            if raw is not None:
                raws.append(raw)
        return Piece(raws, after, unfit, why)

    def _raw(self, line: Line, encoding: Encoding | None, now: UnixNs) -> Raw | None:
        if not line.whole:
            raise LineError(f"longer than {LINE_BYTES_MAX} bytes")
        cells = self._parser.parse(line.data, encoding)
        if cells is None:
            return None
        return raw_of(
            cells,
            intake=self._intake,
            received=now,
            source_id=self._source_id(line),
            solution=self._config.solution,
        )

    def _unreadable(self, line: Line, why: str, now: UnixNs) -> Raw:
        return unreadable(
            line.data,
            why,
            intake=self._intake,
            received=now,
            source_id=self._source_id(line),
            solution=self._config.solution,
        )

    def _source_id(self, line: Line) -> str:
        return f"{self._config.name}:{self._mark}:{line.offset}"


def _split(data: bytes, place: Place, *, to_end: bool) -> tuple[Iterator[Line], Place]:
    """Cut into lines; give the place after the last line taken."""
    start, skipping = 0, place.skipping
    if skipping:
        start = data.find(b"\n") + 1
        if start == 0:
            return iter(()), replace(place, offset=place.offset + len(data), skipping=not to_end)
    lines: list[Line] = []
    while (end := data.find(b"\n", start)) >= 0:
        lines.append(_line(place.offset + start, data[start:end]))
        start = end + 1
    rest = data[start:]
    too_long = len(rest) > LINE_BYTES_MAX
    if rest and (to_end or too_long):
        lines.append(_line(place.offset + start, rest))
        start = len(data)
    after = replace(place, offset=place.offset + start, skipping=too_long and not to_end)
    return iter(lines), after


def _line(offset: int, data: bytes) -> Line:
    if len(data) > LINE_BYTES_MAX:
        return Line(offset, data[:HEAD_BYTES], whole=False)
    return Line(offset, data)


def head_of(path: Path, lines: int) -> tuple[str, int] | None:
    """Give the hash of a file's first lines and their size; None while they are not all there.

    They are the header and the first event, so they stay as they are while the file grows.

    Raises:
        OSError: the file cannot be read now.
    """
    with path.open("rb") as file:
        data = file.read(HEAD_MAX)
    end = 0
    for _ in range(lines):
        end = data.find(b"\n", end) + 1
        if end == 0:
            break
    if end == 0:
        if len(data) < HEAD_MAX:
            return None
        end = HEAD_MAX
    return _digest(data[:end]), end


def has_head(path: Path, head: str, size: int) -> bool:
    """Tell whether a file begins with these lines.

    Raises:
        OSError: the file cannot be read now.
    """
    with path.open("rb") as file:
        data = file.read(size)
    return len(data) == size and _digest(data) == head


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]
