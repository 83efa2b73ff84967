"""The table of a benchmark run: one row a program and load."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

HEAD = ("load", "program", "per second", "µs CPU each", "RSS MB", "p50 ms", "p99 ms", "note")


@dataclass(frozen=True, slots=True)
class Row:
    """`unit` is value or message; latencies are source to durable, None where unknown."""

    load: str
    program: str
    per_second: float
    cpu_us: float
    rss_mb: float
    p50_ms: float | None = None
    p99_ms: float | None = None
    note: str = ""

    def cells(self) -> tuple[str, ...]:
        return (
            self.load,
            self.program,
            f"{self.per_second:,.0f}",
            f"{self.cpu_us:.2f}",
            f"{self.rss_mb:.0f}",
            "-" if self.p50_ms is None else f"{self.p50_ms:.0f}",
            "-" if self.p99_ms is None else f"{self.p99_ms:.0f}",
            self.note,
        )


def rendered(rows: Sequence[Row]) -> str:
    """Give a Markdown table."""
    lines = [HEAD, tuple("-" * len(name) for name in HEAD), *(row.cells() for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def markdown(rows: Sequence[Row], facts: Mapping[str, str], seconds: float, more: str) -> str:
    """Give the page `docs/benchmarks.md`; `more` stands below the first table."""
    listed = "\n".join(f"- {name}: {fact}" for name, fact in facts.items())
    return f"""# Benchmarks

Written by `make bench`. Each load runs {seconds:.0f} s; programs run one after the other under the
same load. The load generators and the platform share one core, the measured program has the other.
Read the figures as ratios: the floor is an asyncua subscription handler that only counts, the peer
is Telegraf with one file output and a memory buffer. The gateway's figure has everything in it:
decode, map, durable spool (fsync), history, platform body and HTTP, AAS live values. Latency is
from source time to the commit on disk.

{rendered(rows)}

{more}

{listed}
"""
