"""Values that say where they come from, and the log of everything that was really said.

In truth mode each value carries the number of its signal and a counter of that signal: a value
that is lost, changed or attributed to another signal gives itself away. The log is written and
handed to the operating system before a value can leave the simulator, so it survives the
simulator's own death.

Log lines are JSON, one a line; README.md lists them. `time` is the true time of production in ns
UTC, by this PC's clock; what a device claims instead stands beside it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

Kind = Literal["Int64", "Double", "String"]
KINDS: tuple[Kind, ...] = ("Double", "Int64", "String")
INT_COUNTER_BITS = 40
DOUBLE_COUNTER_BITS = 33
"""A double holds integers exactly up to 2**53: 20 bits of signal number, 33 of counter."""
TAIL_BYTES = 1 << 20


def kind_of(signal: int) -> Kind:
    """Give the type of a truth signal: doubles, integers and texts take turns."""
    return KINDS[signal % len(KINDS)]


def encode(signal: int, counter: int, kind: Kind) -> int | float | str:
    """Give the value that says which signal it belongs to and how many came before it."""
    if kind == "Int64":
        return signal << INT_COUNTER_BITS | counter
    if kind == "Double":
        return float(signal << DOUBLE_COUNTER_BITS | counter)
    return f"{signal}:{counter}"


def runs_of(signals: Iterable[int]) -> list[list[int]]:
    """Give ascending numbers as inclusive runs."""
    runs: list[list[int]] = []
    for signal in signals:
        if runs and signal == runs[-1][1] + 1:
            runs[-1][1] = signal
        else:
            runs.append([signal, signal])
    return runs


class TruthLog:
    """Append-only; every line is with the operating system when `write` returns."""

    def __init__(self, path: Path, source: str, signals: Mapping[int, str]) -> None:
        self.counter = last_counter(path)
        self._file = path.open("ab", buffering=0)
        if self._file.tell():
            self._file.write(b"\n")  # ends a line that a kill may have cut; empty lines are skipped
        names = {str(number): name for number, name in signals.items()}
        self.write({"log": 1, "source": source, "pid": os.getpid(), "signals": names})

    def write(self, line: Mapping[str, Any]) -> None:
        """Append one line."""
        self._file.write(
            json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        )

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def last_counter(path: Path) -> int:
    """Give the highest counter near the end of an older log, so that none is used twice."""
    if not path.exists():
        return 0
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL_BYTES))
        found = [line.get("counter", 0) for line in _lines(file)]
    return max(found, default=0)


def _lines(file: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    for raw in file:
        try:
            line = json.loads(raw)
        except ValueError:
            continue  # the first and the last line may be cut
        if isinstance(line, dict):
            yield line
