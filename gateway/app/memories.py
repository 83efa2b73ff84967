"""What adapters keep from connection to connection, owned by one gateway."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from gateway.config.plan import DevicePlan


class Memories:
    """The memory of each device; two gateways in one process share none.

    A memory is handed out again as long as its device is reached at what the kind calls the same
    address (`AdapterKind.memory_key`). Bounded by the devices of the configuration.
    """

    def __init__(self) -> None:
        self._makers: dict[str, Callable[[Any], Any]] = {}
        self._kept: dict[str, tuple[Hashable, Any]] = {}

    def of(self, plan: DevicePlan) -> Any:
        """Hand out the memory of a device; a new one where it is reached elsewhere than before."""
        kind = plan.kind
        key = (kind.name, kind.memory_key(plan.source))
        known = self._kept.get(plan.name)
        if known is None or known[0] != key:
            known = self._kept[plan.name] = (key, self._maker(plan)(plan.source))
        return known[1]

    def forget(self, device: str) -> None:
        """Let go of a device that was taken out of the configuration."""
        self._kept.pop(device, None)

    def _maker(self, plan: DevicePlan) -> Callable[[Any], Any]:
        known = self._makers.get(plan.kind.name)
        if known is None:
            known = self._makers[plan.kind.name] = plan.kind.memory_maker()
        return known
