"""Tables of field tags, as engineering.csv and syscfg.json of the KOSMO reference solution are.

A row names a tag of a field device by one text, how often it is sampled and which element of an
array is meant. Each kind of adapter says how its tags are written there and read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from gateway.core.interfaces import Keys


@dataclass(frozen=True, slots=True)
class FieldTag:
    """One tag in a row; `every_s` None where the machine pushes, `index` None where no array is.

    `plain` tells whether the reference solution's own edge gateway reads such an address.
    """

    address: str
    every_s: float | None = None
    index: int | None = None
    plain: bool = True


@dataclass(frozen=True, slots=True)
class FieldDevice:
    """A connection with its tags, in the order of the plan; `every_s` as with a tag."""

    url: str
    tags: tuple[FieldTag, ...]
    every_s: float | None = None


Fault = Literal["address", "index"]
"""What of a row cannot be: the text of its address, or an element of an array."""

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class FieldFace(Generic[S]):
    """How a kind of adapter stands in such tables; `S` is its frozen source.

    `device(source)` describes what is collected. The way back: `url(text)` accepts an address and
    raises PydanticCustomError or ValueError otherwise; `device_keys(every, unsafe)` gives keys of
    a connection whose period is `every` (such as `500ms`; None: not said) and which is made without
    security where `unsafe`; `tag_keys(address, every, index)` gives the keys of a tag's address, or
    what of it cannot be. `form` shows how an address is written. `port` is where the reference
    solution looks for servers of this protocol; None: it does not speak it.
    """

    schemes: tuple[str, ...]
    device: Callable[[S], FieldDevice]
    url: Callable[[str], str]
    device_keys: Callable[[str | None, bool], Keys]
    tag_keys: Callable[[str, str, int | None], Keys | Fault]
    form: str
    port: int | None = None


AnyFieldFace = FieldFace[Any]
