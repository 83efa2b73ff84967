"""Finds the kind of what is described or planned, among those that the caller knows."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.config.plan import DevicePlan
from gateway.core.interfaces import Binding
from gateway.core.kinds import AdapterKind


def bindings_of(kinds: Sequence[AdapterKind]) -> list[Binding]:
    """List the words by which descriptions speak of each kind's protocol."""
    return [kind.interface.binding for kind in kinds]


def kind_with(binding: Binding, kinds: Sequence[AdapterKind]) -> AdapterKind:
    """Find the kind that a binding is of; it is one of these."""
    return next(kind for kind in kinds if kind.interface.binding == binding)


def kind_of(device: DevicePlan, kinds: Sequence[AdapterKind]) -> AdapterKind:
    """Find the kind of a planned device."""
    interface = device.asset.interface
    assert interface is not None, "every plan describes its interface"
    return kind_with(interface.binding, kinds)
