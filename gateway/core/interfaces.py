"""How a machine is reached and what is read from it, as an Asset Interfaces Description says it.

The one file of this room that knows protocols: what only one of them has (`mode`, `policy` and
`token` of OPC UA; `json`, `text` and `qos` of MQTT) stands in fields of its own. A device file
becomes an `Interface`; so does an Asset Interfaces Description. Passwords, user names and key files
have no place here: of a login only the name of its scheme is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.core.assets import LocalName

OPCUA, MQTT = "opcua", "mqtt"


@dataclass(frozen=True, slots=True)
class Security:
    """A security scheme by its name in the WoT vocabularies, such as `nosec` or `basic`.

    `mode` and `policy` are those of an OPC UA channel, `token` the kind of its user token.
    """

    scheme: str
    mode: str | None = None
    policy: str | None = None
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """One value that an interface offers.

    `address` is a node address or a topic; `json` the path into a message, `text` its whole
    payload. `sink` is a submodel's idShort and the idShort path of the element that takes the
    value. `extras` are further keys of the tag as JSON texts.
    """

    name: str
    id_short: str
    address: str
    json: str | None = None
    text: bool = False
    type: str | None = None
    unit: str | None = None
    low: float | None = None
    high: float | None = None
    semantic: str | None = None
    label: LocalName | None = None
    sampling_s: float | None = None
    sink: tuple[str, str] | None = None
    extras: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Interface:
    """One connection with its points, in the order of the device file's tags.

    `protocol` is `opcua`, `mqtt` or a word for one that is not read; `extras` as with `Point`.
    """

    device: str
    protocol: str
    base: str
    security: tuple[Security, ...] = ()
    every_s: float | None = None
    qos: int | None = None
    points: tuple[Point, ...] = ()
    extras: Mapping[str, str] = field(default_factory=dict)
