"""What a Modbus device needs, free of NumPy and of any library for serial ports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from adapters.modbus.registers import written
from gateway.core.signals import PlanTable

Framing = Literal["tcp", "rtu"]


@dataclass(frozen=True, slots=True)
class SerialPort:
    """A serial line: its port and how it speaks."""

    port: str
    baud: int = 9600
    parity: Literal["N", "E", "O"] = "N"
    stop: Literal[1, 2] = 1

    @property
    def silence_s(self) -> float:
        """The rest between two frames: 3.5 characters (V1.02 §2.5.1.1)."""
        return 0.00175 if self.baud > 19_200 else 3.5 * 11 / self.baud


@dataclass(frozen=True, slots=True)
class ModbusItem:
    """One signal; `index` is its place in the plan table, `address` counts from 0.

    `type` is a word of `registers.SIZES` or `string(N)`. `order` names the bytes as they come.
    """

    index: int
    table: str
    address: int
    type: str
    order: str = "AB"
    encoding: str = "ascii"
    period_s: float = 1.0

    @property
    def written(self) -> str:
        """The register as people read it."""
        return written(self.table, self.address)


@dataclass(frozen=True, slots=True)
class ModbusSource:
    """One unit, behind an address of its own or behind a gateway or port that others share.

    `host` and `port` of a connection, or `serial`. `gap` is how many registers that nobody asked
    for may be read to save a request (of bits sixteen times as many).
    """

    device: str
    framing: Framing
    plan: PlanTable
    items: tuple[ModbusItem, ...]
    host: str = ""
    port: int = 502
    serial: SerialPort | None = None
    unit: int = 1
    max_registers: int = 125
    max_bits: int = 2000
    gap: int = 32
    pause_s: float = 0.0
    timeout_s: float = 1.0
    connect_timeout_s: float = 3.0

    @property
    def address(self) -> str:
        """What is shared: the connection or the port, as `connect:` begins."""
        if self.serial is not None:
            return f"modbus+serial://{self.serial.port}"
        scheme = "modbus" if self.framing == "tcp" else "modbus+rtu"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}"
