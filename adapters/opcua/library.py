"""asyncua as this room sees it: its names, typed as far as it types them itself."""

from __future__ import annotations

from typing import Any

from asyncua import ua as _ua
from asyncua.client.client import Client
from asyncua.client.ua_client import UaClient, UASocketProtocol
from asyncua.common.connection import SecureConnection, TransportLimits
from asyncua.common.shortcuts import Shortcuts
from asyncua.common.utils import Buffer
from asyncua.crypto import security_policies as _policies
from asyncua.crypto import uacrypto as _uacrypto
from asyncua.ua.status_codes import get_name_and_doc
from asyncua.ua.ua_binary import (
    header_from_binary,
    nodeid_from_binary,
    nodeid_to_binary,
    struct_from_binary,
    struct_to_binary,
)
from asyncua.ua.uaerrors._base import UaError, UaStatusCodeError
from cryptography.exceptions import InvalidSignature as WrongSignature

from gateway.ops.events.emit import silence

ua: Any = _ua
"""The generated protocol types, whose annotations are texts that a type checker cannot follow."""
policies: Any = _policies
InvalidSignature: type[Exception] = vars(_uacrypto)["InvalidSignature"]
"""Of a symmetric key; with certificates it is cryptography's own `WrongSignature`."""

# What the client's half has to say comes back as exceptions, and is then said in our words.
silence(*(f"asyncua.{part}" for part in ("client", "common", "crypto", "ua", "uaprotocol")))

__all__ = [
    "Buffer",
    "Client",
    "InvalidSignature",
    "SecureConnection",
    "Shortcuts",
    "TransportLimits",
    "UASocketProtocol",
    "UaClient",
    "UaError",
    "UaStatusCodeError",
    "WrongSignature",
    "get_name_and_doc",
    "header_from_binary",
    "nodeid_from_binary",
    "nodeid_to_binary",
    "policies",
    "struct_from_binary",
    "struct_to_binary",
    "ua",
]
