"""A submodel whose elements themselves come and go: made anew, at most once a second.

For figures of the gateway and for the newest records of a time series. A submodel of live values
with a fixed structure is a `LiveSubmodel`, which costs a hundredth.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import orjson

from aas_models.elements import Json
from aas_models.fragments import Fragments
from aas_models.served import ServedSubmodel
from gateway.core.clock import Clock

FRESH_S = 1.0


class DynamicSubmodel(ServedSubmodel):
    """Shows what `make` gives.

    Args:
        identifier, id_short, semantic_id: of the submodel that `make` gives.
        make: gives the submodel as JSON with everything that is known now, and nothing empty.
        clock: tells when it is to be made again.
    """

    def __init__(
        self,
        identifier: str,
        id_short: str,
        semantic_id: str,
        make: Callable[[], Json],
        clock: Clock,
    ) -> None:
        super().__init__(identifier, id_short, semantic_id)
        self._make = make
        self._clock = clock
        self._made_at: float | None = None
        self._mark = ""
        self._model: Json = {}
        self._body = b""
        self._fragments: Fragments | None = None

    def etag(self, path: str = "") -> str:  # noqa: ARG002 - the interface has it
        """Give a mark of the content: the same figures have the same mark."""
        self._refresh()
        return self._mark

    def render(self, path: str, form: str, *, deep: bool = True, blob: bool = False) -> bytes:
        """Give the submodel or an element; the whole of it needs no compiling."""
        if path or form != "normal" or not deep:
            return super().render(path, form, deep=deep, blob=blob)
        self._refresh()
        return self._body

    def compiled(self, form: str) -> Fragments:  # noqa: ARG002 - the interface has it
        self._refresh()
        if self._fragments is None:
            self._fragments = Fragments(self._model, {})
        return self._fragments

    def _refresh(self) -> None:
        now = self._clock.monotonic()
        if self._made_at is not None and now - self._made_at < FRESH_S:
            return
        model = self._make()
        body = orjson.dumps(model)
        mark = hashlib.blake2b(body, digest_size=12).hexdigest()
        if mark != self._mark:
            self._mark, self._model, self._body, self._fragments = mark, model, body, None
        self._made_at = now
