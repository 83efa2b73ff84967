"""Benchmarks beside a peer and a floor in the same run; prints one table and can write it.

Run as `python -m tests.bench.run [--seconds 60] [--only opcua,mqtt] [--write FILE]`. The load
generators and the platform share the first core, what is measured has the second for itself.
"""

from __future__ import annotations

import argparse
import asyncio
import platform
import tempfile
from pathlib import Path

from tests.bench import mqtt_load, opcua_load
from tests.bench.aas_table import NOTE, sizes_table
from tests.bench.table import Row, markdown, rendered
from tests.bench.versions import machine, versions

SECONDS = 60.0


async def measured(only: set[str], seconds: float) -> list[Row]:
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="gateway-bench-") as made:
        folder = Path(made)
        if "opcua" in only:
            for signals, period_ms in ((5_000, 100), (1_000, 100)):
                rows += await opcua_load.run(folder, signals, period_ms, seconds)
                print(rendered(rows), flush=True)
        if "mqtt" in only:
            rows += await mqtt_load.run(folder, 2_000, seconds)
            print(rendered(rows), flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--only", default="opcua,mqtt")
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    rows = asyncio.run(measured(set(given.only.split(",")), given.seconds))
    print(rendered(rows))
    if given.write:
        facts = {"machine": machine(), "python": platform.python_version(), **versions()}
        more = f"{NOTE}\n\n{sizes_table()}"
        given.write.write_text(markdown(rows, facts, given.seconds, more), encoding="utf-8")


if __name__ == "__main__":
    main()
