"""What a kind of adapter shows to everybody else."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.core.config import FileModel
from gateway.core.field_tables import AnyFieldFace
from gateway.core.interfaces import AnyFace


@dataclass(frozen=True, slots=True)
class AdapterKind:
    """One protocol: its name, the schemes of its addresses, its keys, its faces."""

    name: str
    schemes: tuple[str, ...]
    device: type[FileModel]
    tag: type[FileModel]
    interface: AnyFace
    fields: AnyFieldFace
