"""engineering.csv: which field tag feeds which AAS tag.

Six columns without a header: AAS node id, gateway, field device, field tag, sampling interval in
ms, array index (-1: no array). Tools fill the first and the last two; people fill the rest, mostly
in a spreadsheet. Read with UTF-8 (with and without BOM), UTF-16 and cp949.

Source: kosmo-nestfield AAS Parser V3.0 and the guide "AAS기반 데이터수집 실행가이드" 2.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from aas_models.kosmo.cells import LINE_MAX, Record, quoted, records
from aas_models.kosmo.problems import Problem, shown
from aas_models.kosmo.space import AddressSpace

FILE_NAME = "engineering.csv"
COLUMNS = 6
SAMPLING_MS = 100
NO_ARRAY = -1
ROWS_MAX = 200_000
BYTES_MAX = 64 * 1024 * 1024
AAS_NODE = re.compile(r"ns=\d{1,5};s=.+", re.DOTALL)
_NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?")
_INDEX = re.compile(r"-1|[0-9]{1,9}|-1\.0|[0-9]{1,9}\.0")

Encoding = Literal["utf-8", "utf-8-sig", "utf-16", "cp949"]
State = Literal["mapped", "unmapped"]


@dataclass(frozen=True, slots=True)
class Row:
    """One property and where its values come from; `line` counts from 1, 0: not from a file."""

    aas_node: str
    gateway: str = ""
    device: str = ""
    field_node: str = ""
    sampling_ms: float = SAMPLING_MS
    array_index: int = NO_ARRAY
    line: int = 0

    @property
    def state(self) -> State:
        return "mapped" if self.gateway and self.device and self.field_node else "unmapped"


@dataclass(frozen=True, slots=True)
class Engineering:
    """A whole table."""

    rows: tuple[Row, ...]
    problems: tuple[Problem, ...] = ()
    encoding: Encoding = "utf-8"

    @property
    def mapped(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.state == "mapped")


def unfilled(space: AddressSpace) -> list[Row]:
    """Give the table as the reference parser leaves it: one row for each property."""
    return [Row(node.id) for node in space.variables]


def read_engineering(data: bytes, where: str = FILE_NAME) -> Engineering:
    """Read a table; what cannot be understood is in `problems` with its line, never guessed."""
    if len(data) > BYTES_MAX:
        return Engineering((), (Problem("too-many-rows", where, None, {"limit": str(ROWS_MAX)}),))
    decoded = _decoded(data)
    if decoded is None:
        return Engineering((), (Problem("not-utf8-not-cp949", where),))
    text, encoding = decoded
    reader = _Reader(where)
    for record in records(text):
        if record.cells or record.problem:
            reader.take(record)
    return Engineering(tuple(reader.rows), tuple(reader.problems), encoding)


def _decoded(data: bytes) -> tuple[str, Encoding] | None:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        order: tuple[Encoding, ...] = ("utf-16",)
    elif data.startswith(b"\xef\xbb\xbf"):
        order = ("utf-8-sig",)
    else:
        order = ("utf-8", "cp949")
    for encoding in order:
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return None


class _Reader:
    def __init__(self, where: str) -> None:
        self.where = where
        self.rows: list[Row] = []
        self.problems: list[Problem] = []
        self.places: dict[str, int] = {}
        """Which row an AAS node has."""
        self.full = False
        self.first = True

    def tell(self, code: str, at: int, /, **facts: object) -> None:
        texts = {key: shown(str(value)) for key, value in facts.items()}
        self.problems.append(Problem(code, self.where, at, texts))

    def take(self, record: Record) -> None:
        if record.problem is not None:
            self.tell(record.problem, record.line, text=record.detail, limit=LINE_MAX)
            return
        cells = _without_empty_tail(list(record.cells))
        if not cells:
            return
        first, self.first = self.first, False
        if not AAS_NODE.fullmatch(cells[0]):
            if not first or "ns=" in cells[0]:
                self.tell("no-node", record.line, text=cells[0])
            return  # the first record may be a header
        fitting = self._six(cells, record.line)
        if fitting is not None:
            self._row(fitting, record.line)

    def _six(self, cells: list[str], line: int) -> list[str] | None:
        """Give six cells where it is certain which they are."""
        if len(cells) <= COLUMNS:
            return cells + [""] * (COLUMNS - len(cells))
        if _is_tail(cells[4:6]):
            self.tell("remark", line, text=", ".join(cells[COLUMNS:]))
            return cells[:COLUMNS]
        if _is_tail(cells[-2:]) and not any(cells[-5:-2]):
            return [", ".join(cells[:-5]), *cells[-5:]]  # an idShort with a comma, not filled in
        self.tell("comma-unquoted", line, count=len(cells))
        return None

    def _row(self, cells: list[str], line: int) -> None:
        node, gateway, device, field_node = cells[:4]
        filled = (gateway, device, field_node)
        if any(filled) and not all(filled):
            missing = [letter for letter, cell in zip("BCD", filled, strict=True) if not cell]
            self.tell("incomplete", line, columns=", ".join(missing))
        sampling_ms, array_index = self._sampling(cells[4], line), self._index(cells[5], line)
        self._keep(Row(node, gateway, device, field_node, sampling_ms, array_index, line))

    def _keep(self, row: Row) -> None:
        """Keep one row for each AAS node: the first one, unless only a later one is filled in."""
        place = self.places.get(row.aas_node)
        if place is not None:
            known = self.rows[place]
            if known.state == "unmapped" and row.state == "mapped":
                self.rows[place] = row
            else:
                self.tell("node-twice", row.line, node=row.aas_node, line=known.line)
        elif len(self.rows) < ROWS_MAX:
            self.places[row.aas_node] = len(self.rows)
            self.rows.append(row)
        elif not self.full:
            self.full = True
            self.tell("too-many-rows", row.line, limit=ROWS_MAX)

    def _sampling(self, text: str, line: int) -> float:
        plain = text.replace(",", "")
        if _NUMBER.fullmatch(plain) and float(plain) > 0:
            return float(plain)
        self.tell("sampling", line, text=text, used=SAMPLING_MS)
        return SAMPLING_MS

    def _index(self, text: str, line: int) -> int:
        if _INDEX.fullmatch(text):
            return int(float(text))
        self.tell("index", line, text=text)
        return NO_ARRAY


def _is_tail(cells: list[str]) -> bool:
    return (
        len(cells) == 2
        and _NUMBER.fullmatch(cells[0].replace(",", "")) is not None
        and _INDEX.fullmatch(cells[1]) is not None
    )


def _without_empty_tail(cells: list[str]) -> list[str]:
    while cells and not cells[-1]:
        cells.pop()
    return cells


def number_text(value: float) -> str:
    """Write a time without a needless fraction."""
    return str(int(value)) if value == int(value) else str(value)


def write_engineering(rows: Iterable[Row], *, for_spreadsheet: bool = False) -> bytes:
    """Write a table: as the reference parser does, or so that Korean Excel opens it right.

    A cell is quoted only where it could not be read back otherwise.
    """
    separator, end = (",", "\r\n") if for_spreadsheet else (", ", "\n")
    lines = [
        separator.join(
            [
                quoted(row.aas_node),
                quoted(row.gateway),
                quoted(row.device),
                quoted(row.field_node),
                number_text(row.sampling_ms),
                str(row.array_index),
            ]
        )
        + end
        for row in rows
    ]
    text = "".join(lines)
    return text.encode("utf-8-sig" if for_spreadsheet else "utf-8")
