"""Finds the kind of what is described or planned, among those that the caller knows."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.core.interfaces import Binding
from gateway.core.kinds import AnyKind


def bindings_of(kinds: Sequence[AnyKind]) -> list[Binding]:
    """List the words by which descriptions speak of each kind's protocol."""
    return [kind.interface.binding for kind in kinds]


def kind_with(binding: Binding, kinds: Sequence[AnyKind]) -> AnyKind:
    """Find the kind that a binding is of; it is one of these."""
    return next(kind for kind in kinds if kind.interface.binding == binding)
