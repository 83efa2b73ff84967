"""Everything that runs on the AAS side: takes what the spool commits, follows a reload."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from aas_models.environment_parts import LazySubmodel, SubmodelModel
from aas_models.live.compiled import Compiled, CompiledPart, compile_models
from aas_models.live.devices import Device, device_of, moved_slots
from aas_models.live.newest import NewestValues
from aas_models.live.routes import Routes
from aas_models.live.running import Running
from aas_models.live.structure import Structure
from aas_models.live.submodel import LiveSubmodel
from aas_models.live.view import LiveView
from aas_models.own import OwnShell
from aas_models.served import ServedSubmodel
from gateway.core.assets import AssetModel
from gateway.core.clock import Clock, SystemClock
from gateway.ops.events import aas as events


class LiveValues(LiveView):
    """The view with its two ways in: `on_records`, a listener of the spool, and other models.

    Args:
        models: one for each device.
        clock: tells the age of a value and when figures are looked at again.
        own: the gateway's own shell; None leaves it out.
        endpoint: where the history can be asked for, see `Linked`; empty: nowhere.
        lost_since: tells since when a device is not connected, None while it is.
    """

    def __init__(
        self,
        models: Sequence[AssetModel],
        clock: Clock | None = None,
        *,
        own: OwnShell | None = None,
        endpoint: str = "",
        lost_since: Callable[[str], int | None] = lambda _: None,
    ) -> None:
        self._routes = Routes(self._show_types)
        values, structure = NewestValues(self._routes), Structure(own)
        super().__init__(values, structure)
        self.on_records = values.on_records
        self._running = Running(values, structure, clock or SystemClock(), endpoint, lost_since)
        self.set_models(models)

    def _show_types(self, device: Device, types: Mapping[int, str]) -> None:
        self.structure.learn(device, types, self.values.retype)

    def set_models(self, models: Sequence[AssetModel]) -> None:
        """Take other models; values of signals that stayed the same are kept.

        Compiles on the spot, see `compile_models` for what it takes; better `change_models`.
        """
        self._install(compile_models(models))

    async def change_models(self, models: Sequence[AssetModel]) -> None:
        """Take other models; they are compiled in a worker thread while values go on coming.

        Cancel: the models stay as they were.
        """
        self._install(await asyncio.to_thread(compile_models, models))

    def _install(self, made: Compiled) -> None:
        for problem in made.environment.problems:
            events.element_left_out(problem.device, problem.signal, problem.reason, problem.detail)
        self.values.bring_in()
        before = self.structure.devices
        devices = {
            name: device_of(model, made.arrays[name], before.get(name))
            for name, model in made.models.items()
        }
        moved = list(moved_slots(before, devices))
        self.values.rearrange(
            [signal.value_type if signal else None for signal in made.signals],
            [to for to, _ in moved],
            [source for _, source in moved],
        )
        self.structure.replace(made, devices)
        self._routes.lead_to(devices)
        self.structure.serve([self._served(each) for each in made.parts])

    def _served(self, made: CompiledPart) -> ServedSubmodel:
        part = made.part
        if isinstance(part, SubmodelModel | LazySubmodel):
            return LiveSubmodel(self._running, part, made.slots, made.fragments)
        return part.served(self._running)
