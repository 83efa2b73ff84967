"""Three machines that behave like machines: cycles, states, counters, temperatures, from a seed.

`step` moves a machine on and gives the points that changed; nothing here knows a protocol.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Literal

PointType = Literal["Double", "Float", "Int32", "Int64", "UInt32", "Boolean", "String"]
PointValue = float | int | bool | str
AMBIENT_C = 22.0


@dataclass(frozen=True, slots=True)
class Point:
    """One variable of a machine; `path` is its place below the machine, unique in it."""

    path: str
    type: PointType
    unit: str = ""
    deadband: float = 0.0
    """A change up to this much is the sensor's noise and is not reported."""


class Thermal:
    """First-order warming towards a target, with a little noise."""

    def __init__(self, rng: Random, start: float, tau_s: float, noise: float) -> None:
        self.rng, self.value, self.tau_s, self.noise = rng, start, tau_s, noise

    def step(self, target: float, dt: float) -> float:
        self.value += (target - self.value) * (1 - math.exp(-dt / self.tau_s))
        return round(self.value + self.rng.gauss(0.0, self.noise), 2)


class Machine:
    """What every machine has: a state, a shot counter, a cycle with phases."""

    name = ""
    points: tuple[Point, ...] = ()
    cycle_s = 6.0
    stop_chance = 0.01

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.phase_s = rng.uniform(0, self.cycle_s)
        self.state = 1
        self.hold_s = 0.0
        self.count = rng.randrange(10_000, 90_000)
        self.rejects = 0
        self._known: dict[str, PointValue] = {}

    def step(self, dt: float) -> Iterator[tuple[Point, PointValue]]:
        """Move on by `dt` seconds and give every point whose value changed."""
        self._advance(dt)
        values = self.read(dt)
        for point in self.points:
            value = values[point.path]
            if self._changed(point, value):
                self._known[point.path] = value
                yield point, value

    def read(self, dt: float) -> Mapping[str, PointValue]:
        """Give the value of every point by its path."""
        raise NotImplementedError

    def forget(self) -> None:
        """Report every point again at the next step."""
        self._known.clear()

    def _changed(self, point: Point, value: PointValue) -> bool:
        known = self._known.get(point.path)
        if known is None or isinstance(value, str | bool) or isinstance(known, str):
            return known != value
        return value != known and abs(value - known) > point.deadband

    def _advance(self, dt: float) -> None:
        if self.state != 1:
            self.hold_s -= dt
            self.state = 1 if self.hold_s <= 0 else self.state
            return
        self.phase_s += dt
        if self.phase_s >= self.cycle_s:
            self._end_cycle()

    def _end_cycle(self) -> None:
        self.phase_s -= self.cycle_s
        self.count += 1
        self.rejects += self.rng.random() < 0.02
        if self.rng.random() < self.stop_chance:
            self.state = self.rng.choice((0, 2))
            self.hold_s = self.rng.uniform(3.0, 15.0)

    @property
    def progress(self) -> float:
        """The place in the cycle, 0 to 1."""
        return min(self.phase_s / self.cycle_s, 1.0)


class Press(Machine):
    """A 300 t press: stroke, force, mould temperatures."""

    name = "Press1"
    cycle_s = 4.0
    points = (
        Point("State", "Int32"),
        Point("Mold.TempUpper", "Double", "degC"),
        Point("Mold.TempLower", "Double", "degC"),
        Point("Ram.Position", "Double", "mm", 0.05),
        Point("Ram.Force", "Double", "kN", 0.5),
        Point("PowerW", "Double", "W", 5.0),
        Point("StrokeCount", "UInt32"),
        Point("RejectCount", "UInt32"),
        Point("Guard.Closed", "Boolean"),
        Point("Recipe", "String"),
    )

    def __init__(self, rng: Random) -> None:
        super().__init__(rng)
        self.upper = Thermal(rng, 175.0, 90.0, 0.15)
        self.lower = Thermal(rng, 172.0, 90.0, 0.15)

    def read(self, dt: float) -> Mapping[str, PointValue]:
        run = self.state == 1
        stroke = (1 - math.cos(2 * math.pi * self.progress)) / 2
        force = 2600.0 * max(0.0, stroke - 0.85) / 0.15 if run else 0.0
        return {
            "State": self.state,
            "Mold.TempUpper": self.upper.step(182.0 if run else 160.0, dt),
            "Mold.TempLower": self.lower.step(180.0 if run else 158.0, dt),
            "Ram.Position": round(450.0 * (1 - stroke), 2),
            "Ram.Force": round(force + self.rng.gauss(0, 0.4), 1),
            "PowerW": round(1800 + (22_000 * stroke if run else 0) + self.rng.gauss(0, 20), 1),
            "StrokeCount": self.count,
            "RejectCount": self.rejects,
            "Guard.Closed": self.state != 2,
            "Recipe": f"HP-{self.count // 500 % 7 + 1:02d}",
        }


class InjectionMoulder(Machine):
    """Clamp, inject, hold, cool, eject."""

    name = "Imm1"
    cycle_s = 12.0
    phases = ((0.1, "clamp"), (0.25, "inject"), (0.45, "hold"), (0.9, "cool"), (1.01, "eject"))
    points = (
        Point("State", "Int32"),
        Point("Phase", "String"),
        Point("Barrel.Zone1", "Double", "degC"),
        Point("Barrel.Zone2", "Double", "degC"),
        Point("Barrel.Zone3", "Double", "degC"),
        Point("Injection.Pressure", "Double", "bar", 0.5),
        Point("Screw.Position", "Float", "mm", 0.05),
        Point("Clamp.Force", "Double", "kN", 1.0),
        Point("ShotCount", "Int64"),
        Point("CycleTime", "Double", "s"),
    )

    def __init__(self, rng: Random) -> None:
        super().__init__(rng)
        self.zones = [Thermal(rng, start, 120.0, 0.2) for start in (205.0, 215.0, 225.0)]

    def read(self, dt: float) -> Mapping[str, PointValue]:
        run = self.state == 1
        phase = next(name for end, name in self.phases if self.progress < end) if run else "idle"
        pressure = {"inject": 1200.0, "hold": 650.0}.get(phase, 5.0)
        heat = [zone.step(target, dt) for zone, target in zip(self.zones, (210, 220, 230))]  # noqa: B905 - as many zones as targets
        return {
            "State": self.state,
            "Phase": phase,
            "Barrel.Zone1": heat[0],
            "Barrel.Zone2": heat[1],
            "Barrel.Zone3": heat[2],
            "Injection.Pressure": round(pressure + self.rng.gauss(0, 3.0), 1),
            "Screw.Position": round(120.0 * abs(math.cos(math.pi * self.progress)), 2),
            "Clamp.Force": 1500.0 if phase in ("inject", "hold", "cool") else 20.0,
            "ShotCount": self.count,
            "CycleTime": round(self.cycle_s + self.rng.gauss(0, 0.02), 2),
        }


class Cnc(Machine):
    """A three-axis machining centre."""

    name = "Cnc1"
    cycle_s = 30.0
    points = (
        Point("State", "Int32"),
        Point("Axis.X", "Double", "mm", 0.01),
        Point("Axis.Y", "Double", "mm", 0.01),
        Point("Axis.Z", "Double", "mm", 0.01),
        Point("Spindle.Speed", "Double", "rpm", 2.0),
        Point("Spindle.Load", "Float", "%", 0.5),
        Point("Spindle.Temp", "Double", "degC"),
        Point("Tool", "UInt32"),
        Point("Program", "String"),
        Point("PartCount", "UInt32"),
    )

    def __init__(self, rng: Random) -> None:
        super().__init__(rng)
        self.spindle = Thermal(rng, AMBIENT_C, 200.0, 0.05)

    def read(self, dt: float) -> Mapping[str, PointValue]:
        run = self.state == 1
        turn = 2 * math.pi * self.progress
        speed = (6000 + 2000 * math.sin(3 * turn)) if run else 0.0
        return {
            "State": self.state,
            "Axis.X": round(200 * math.sin(turn), 3),
            "Axis.Y": round(150 * math.sin(2 * turn), 3),
            "Axis.Z": round(-40 * abs(math.sin(5 * turn)), 3),
            "Spindle.Speed": round(speed + self.rng.gauss(0, 1.0), 1),
            "Spindle.Load": round((35 + 20 * abs(math.sin(7 * turn))) if run else 0.0, 1),
            "Spindle.Temp": self.spindle.step(AMBIENT_C + speed / 200, dt),
            "Tool": int(self.progress * 8) + 1,
            "Program": f"O{1000 + self.count % 12:04d}",
            "PartCount": self.count,
        }


def machines(seed: int) -> tuple[Machine, ...]:
    """Give the line's machines; the same seed gives the same course of values."""
    kinds: tuple[type[Machine], ...] = (Press, InjectionMoulder, Cnc)
    return tuple(kind(Random(seed * 1000 + place)) for place, kind in enumerate(kinds))
