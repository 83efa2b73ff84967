"""The press line: which variables there are, and what they say at each tick."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from asyncua.server.address_space import AddressSpace

from simulators.clocks import YEAR_1601, clock
from simulators.groups import Course, Group, courses
from simulators.opcua_library import ua
from simulators.opcua_values import Variable
from simulators.signals import Machine, machines
from simulators.truth import Kind, TruthLog, encode, kind_of, runs_of

NAMESPACE = "urn:simulator:press-line"
APPLICATION_URI = "urn:simulator:press-line:server"
PLAIN_FIRST = 100_000
"""Signal numbers of the machines' own points in the truth log; encoded signals count from 0."""
MICROSECOND_NS = 1_000
BAD = 0x80000000


@dataclass(slots=True)
class LineFaults:
    """What the line does wrong at present."""

    clock_shift_ns: int = 0
    bad: dict[int, int] = field(default_factory=dict)
    """Status code by signal number."""
    burst: int = 1
    """So many values of each encoded signal in one tick."""


class PressLine:
    """Owns the variables and the truth; a server is only its present window to the world."""

    def __init__(
        self,
        *,
        signals: int,
        plain: bool,
        seed: int,
        first: int = 0,
        groups: Sequence[Group] = (),
        server_clock: str = "right",
    ) -> None:
        self.faults = LineFaults()
        self.counter = 0
        self.paused = False
        self.log: TruthLog | None = None
        self.written = 0
        numbers = range(first, first + signals)
        self._kinds: dict[int, Kind] = {number: kind_of(number) for number in numbers}
        self._truth = {
            number: Variable(f"Truth.{number:04d}", f"{number:04d}", kind, "Truth")
            for number, kind in self._kinds.items()
        }
        began = _now()
        self.server_clock = clock(server_clock, began, seed)
        """What the server itself says that the time is."""
        self._courses = courses(groups, numbers, began, seed)
        self._machines: list[tuple[Machine, dict[str, int]]] = []
        self.variables: dict[int, Variable] = dict(self._truth)
        for machine in machines(seed) if plain else ():
            self._add_machine(machine)

    def _add_machine(self, machine: Machine) -> None:
        numbers = {}
        for point in machine.points:
            number = PLAIN_FIRST + len(self.variables) - len(self._truth)
            identifier = f"{machine.name}.{point.path}"
            self.variables[number] = Variable(identifier, point.path, point.type, machine.name)
            numbers[point.path] = number
        self._machines.append((machine, numbers))

    def names(self) -> dict[int, str]:
        """Give the node identifier of every signal number."""
        return {number: variable.identifier for number, variable in self.variables.items()}

    async def build(self, server: Any, *, shift: int = 0) -> int:
        """Make the folders in our namespace, after `shift` others; gives the namespace's index."""
        for place in range(shift):
            await server.register_namespace(f"urn:simulator:other:{place}")
        index: int = await server.register_namespace(NAMESPACE)
        objects = server.nodes.objects
        for folder in sorted({variable.folder for variable in self.variables.values()}):
            await objects.add_folder(ua.NodeId(folder, index), ua.QualifiedName(folder, index))
        return index

    def bind(self, space: AddressSpace, index: int, numbers: Iterable[int] | None = None) -> None:
        """Add nodes: all of them, or those with these signal numbers."""
        for number in self.variables if numbers is None else numbers:
            if not self.variables[number].bound:
                self.variables[number].bind(space, index)

    def unbind(self, space: AddressSpace, index: int, numbers: Iterable[int]) -> None:
        """Remove nodes."""
        for number in numbers:
            self.variables[number].unbind(space, index)

    def forget_server(self) -> None:
        """Leave a server that is gone."""
        for variable in self.variables.values():
            variable.unbind()

    def tick(self, dt: float) -> None:
        """Let every machine and every encoded signal say something, the log first."""
        now = _now()
        shift = self.faults.clock_shift_ns
        self._tick_machines(dt, now, now + shift)
        spoken = [course for course in self._courses if course.due(now)]
        for place in range(self.faults.burst if spoken else 0):
            self.counter += 1
            for course in spoken:
                self._tick_truth(course, now + place * MICROSECOND_NS, shift)

    def _tick_truth(self, course: Course, now: int, shift: int) -> None:
        claimed = course.read(now)
        source = None if claimed is None or claimed < YEAR_1601 else claimed + shift
        bad = self.faults.bad
        bound = [number for number in course.numbers if self._truth[number].bound]
        good = [number for number in bound if number not in bad] if bad else bound
        server = self.server_clock(now)
        if good:
            said = {"counter": self.counter, "runs": runs_of(good)}
            self._record({**_times(now, source), **said})
        for number in good:
            value = encode(number, self.counter, self._kinds[number])
            self._truth[number].write(value, source, server)
        for number in bound if bad else ():
            if number in bad:
                self._write_bad(number, now, source)
        self.written += len(bound)

    def _write_bad(self, number: int, now: int, source: int | None) -> None:
        status = self.faults.bad[number]
        if self.variables[number].status == status:
            return  # neither value nor status changes: a server says it once
        said = {"counter": 0, "runs": [[number, number]], "status": status}
        self._record({**_times(now, source), **said})
        self.variables[number].write(None, source, self.server_clock(now), status)

    def _tick_machines(self, dt: float, now: int, source: int) -> None:
        said: list[tuple[int, Any]] = []
        for machine, numbers in self._machines:
            for point, value in machine.step(dt):
                number = numbers[point.path]
                if not self.variables[number].bound:
                    continue
                if number in self.faults.bad:
                    self._write_bad(number, now, source)
                    continue
                exact = as_float32(float(value)) if point.type == "Float" else value
                said.append((number, exact))
        if said:
            self._record({**_times(now, source), "values": said})
        for number, value in said:
            self.variables[number].write(value, source, self.server_clock(now))
        self.written += len(said)

    def refresh(self) -> None:
        """Make the machines say every point again at the next tick, as after a restart."""
        for machine, _ in self._machines:
            machine.forget()

    def _record(self, line: dict[str, Any]) -> None:
        if self.log is not None:
            self.log.write(line)


def _now() -> int:
    return time.time_ns() // MICROSECOND_NS * MICROSECOND_NS


def _times(now: int, claimed: int | None) -> dict[str, int | None]:
    """Give the true time, and the claimed one where it is another."""
    return {"time": now} if claimed == now else {"time": now, "claimed": claimed}


def as_float32(value: float) -> float:
    """Give the value that a 32-bit float can hold."""
    return float(struct.unpack("<f", struct.pack("<f", value))[0])
