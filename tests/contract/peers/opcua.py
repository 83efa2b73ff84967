"""The press line as a server."""

from __future__ import annotations

import sys

from tests.ports import free_port


def command(port: int) -> list[str]:
    """Run the simulator."""
    ports = ["--port", str(port), "--control-port", str(free_port())]
    return [sys.executable, "-m", "simulators.opcua_press", *ports]


def device(port: int) -> str:
    """Write a device file of it."""
    return f"""connect: opc.tcp://127.0.0.1:{port}
security: {{ mode: None, policy: None, unsafe: true }}
every: 100ms
keepalive: 1s
tags:
  - Upper: nsu=urn:simulator:press-line;s=Press1.Mold.TempUpper
  - Lower: nsu=urn:simulator:press-line;s=Press1.Mold.TempLower
"""
