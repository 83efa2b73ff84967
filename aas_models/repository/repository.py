"""Everything that is served: what is generated from devices first, then what people wrote."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from aas_models.live import LiveView, NewestSample
from aas_models.live.documents import Document
from aas_models.repository.content import CONCEPT, SHELL, SUBMODEL, Content
from aas_models.repository.store import open_store
from aas_models.served import ServedSubmodel
from gateway.core.signals import Signal
from gateway.ops.events import aas as events


class Repository:
    """One view over live values and written content; the written part is `content`.

    Raises:
        AasError: `unavailable`: the file cannot be opened.
    """

    def __init__(self, live: LiveView, path: Path) -> None:
        self._live = live
        store, damaged = open_store(path)
        if damaged:
            events.content_damaged(str(path), damaged)
        self.content = Content(store, self._is_generated, secrets.token_hex(4), live.file)

    def close(self) -> None:
        """Close the file of written content."""
        self.content.close()

    def _is_generated(self, kind: str, identifier: str) -> bool:
        live = self._live
        if kind == SUBMODEL:
            return live.submodel(identifier) is not None
        known = live.shells() if kind == SHELL else live.concept_descriptions()
        return any(each.id == identifier for each in known)

    @property
    def mark(self) -> str:
        """Name this revision of everything but values."""
        return f"{self._live.mark}.{self.content.revision:x}"

    @property
    def version(self) -> int:
        """The newest version of any live value."""
        return self._live.version

    def shells(self) -> Sequence[Document]:
        """Give all shells."""
        return _joined(self._live.shells(), self.content.shells)

    def concept_descriptions(self) -> Sequence[Document]:
        """Give all concept descriptions."""
        return _joined(self._live.concept_descriptions(), self.content.concepts)

    def submodels(self) -> Sequence[ServedSubmodel]:
        """Give all submodels."""
        made: list[ServedSubmodel] = list(self._live.submodels())
        known = {each.id for each in made}
        return [*made, *(each for id_, each in self.content.submodels.items() if id_ not in known)]

    def submodel(self, identifier: str) -> ServedSubmodel | None:
        """Find a submodel by its id."""
        return self._live.submodel(identifier) or self.content.submodels.get(identifier)

    def rows(
        self, device: str | None = None, match: str | None = None, since: int = 0
    ) -> Iterable[NewestSample]:
        """Give the newest samples; see `LiveView.rows`."""
        return self._live.rows(device, match, since)

    def find(self, device: str, name: str) -> Signal | None:
        """Find a signal by its name or element path."""
        return self._live.find(device, name)

    def variables(self, device: str) -> Mapping[str, Signal]:
        """Give the variables of a device's time series by name; empty for an unknown device."""
        return self._live.variables(device)

    def label(self, device: str) -> Mapping[str, str]:
        """Give what people call a device, by language."""
        return self._live.label(device)


def _joined(made: Sequence[Document], written: Mapping[str, Document]) -> Sequence[Document]:
    known = {each.id for each in made}
    return [*made, *(each for identifier, each in written.items() if identifier not in known)]


__all__ = ["CONCEPT", "SHELL", "SUBMODEL", "Repository"]
