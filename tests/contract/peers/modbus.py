"""A meter whose registers say their own numbers."""

from __future__ import annotations

import sys


def command(port: int) -> list[str]:
    """Run the simulator."""
    return [sys.executable, "-m", "simulators.modbus_meter", "--port", str(port)]


def device(port: int) -> str:
    """Write a device file of it."""
    return f"""connect: modbus://127.0.0.1:{port}
every: 100ms
timeout: 500ms
tags:
  - Upper: holding:100
  - Lower: input:100
"""
