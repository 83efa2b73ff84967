"""The gateway's own shell beside those of the machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aas_models.elements import Json

if TYPE_CHECKING:
    from aas_models.served import ServedSubmodel


@dataclass(frozen=True, slots=True)
class OwnShell:
    """A shell and its submodels, whose figures change while the gateway runs."""

    shell: Json
    submodels: Sequence[ServedSubmodel]
