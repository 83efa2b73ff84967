"""Submodels that the gateway makes for a machine, one file each: a file with `KINDS` is found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from aas_models.submodel_kind import SubmodelKind
from gateway.core.assets import AssetModel
from gateway.core.files import NamedFile


@cache
def kinds() -> tuple[SubmodelKind, ...]:
    """All kinds, in the order in which they stand in a shell."""
    found: list[SubmodelKind] = []
    for module in iter_modules(__path__):
        found += getattr(import_module(f"{__name__}.{module.name}"), "KINDS", ())
    return tuple(sorted(found, key=lambda kind: kind.place))


def describing_names() -> tuple[str, ...]:
    """The idShorts of what says what a machine is, whatever it sends."""
    return tuple(kind.name for kind in kinds() if kind.describes)


def made_names(of_tags: Sequence[str], has: Callable[[str], bool] = lambda _: True) -> list[str]:
    """Name all submodels that the gateway makes for a device.

    Args:
        of_tags: idShorts of the submodels that its tags fill.
        has: tells whether its file has a section.
    """
    wanted = [kind for kind in kinds() if kind.needs is None or has(kind.needs)]
    return [name for kind in wanted for name in kind.names(of_tags)]


def names_that_come_and_go() -> frozenset[str]:
    """The idShorts of those whose elements come and go: an export takes them as they run."""
    return frozenset(kind.name for kind in kinds() if kind.comes_and_goes)


def made_files(models: Sequence[AssetModel]) -> Mapping[str, NamedFile]:
    """Make the files of devices, by the value of the File element that names each."""
    made: dict[str, NamedFile] = {}
    for model in models:
        for kind in kinds():
            made.update(kind.files(model))
    return made
