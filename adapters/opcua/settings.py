"""The keys of an OPC UA device file, and what is made of them. Free of any protocol library."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from adapters.opcua.config import OpcUaItem, OpcUaSource
from gateway.core.config import FileModel, Seconds, Secret, TimeKeys
from gateway.core.signals import PlanTable

SCHEMES = ("opc.tcp",)
PORT = 4840
ADDRESS_MAX = 4096
KEEPALIVE_MAX_S = 10.0
LIFETIME_KEEPALIVES = 12
QUEUE_MAX = 100_000
INDEX_MAX = 1_000_000
APPLICATION_URI = "urn:factory-telemetry-gateway"

_IDENTIFIER = re.compile(
    r"i=\d{1,10}|s=.+|b=[A-Za-z0-9+/]+={0,2}"
    r"|g=[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}",
    re.DOTALL,
)
_NAMESPACE = re.compile(r"nsu=[^;]+;|ns=\d{1,5};")


def node_address(text: str) -> str:
    """Accept `nsu=URI;s=...`, `ns=2;i=...`, `i=...` and browse paths `/Objects/...`."""
    if text.startswith("/"):
        # A namespace URI inside a path may hold slashes; only the server can tell where it ends.
        doubled = "//" in text and "nsu=" not in text
        fine = len(text) > 1 and not doubled and not text.endswith("/")
    else:
        namespace = _NAMESPACE.match(text)
        fine = _IDENTIFIER.fullmatch(text, namespace.end() if namespace else 0) is not None
    if not fine or len(text) > ADDRESS_MAX:
        raise PydanticCustomError("E1210", "not a node address", {"address": text})
    return text


def endpoint_url(text: str) -> str:
    """Accept `opc.tcp://host[:port][/path]`; give it with its port."""
    parts = urlsplit(text)
    try:
        port = PORT if parts.port is None else parts.port
    except ValueError:
        port = 0
    if "@" in parts.netloc:
        raise PydanticCustomError("E1308", "a login in an address", {})
    if not parts.hostname or not port or any(char.isspace() for char in text):
        raise PydanticCustomError("E1109", "not an address", {"address": text})
    if parts.port is not None:
        return text
    return parts._replace(netloc=f"{parts.netloc.removesuffix(':')}:{port}").geturl()


class OpcUaSecurity(FileModel):
    """`security:`; without mode and policy the best that the server offers is taken."""

    mode: Literal["None", "Sign", "SignAndEncrypt"] | None = None
    policy: (
        Literal["None", "Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss"] | None
    ) = None
    unsafe: bool = False


class OpcUaLogin(FileModel):
    """`login:` with user and password, or with a certificate and its key."""

    user: str | None = None
    password: Secret | None = Field(default=None, repr=False)
    certificate: str | None = None
    key: str | None = None


class OpcUaTagKeys(FileModel):
    """What only a tag of an OPC UA device has."""

    node: Annotated[str, AfterValidator(node_address)]
    sampling: Seconds | None = None
    queue: int | None = Field(default=None, ge=1, le=QUEUE_MAX)
    index: int | None = Field(default=None, ge=0, le=INDEX_MAX)


class OpcUaDeviceKeys(FileModel):
    """What only an OPC UA device file has. Times are in seconds once read."""

    connect: Annotated[str, AfterValidator(endpoint_url)]
    security: OpcUaSecurity = OpcUaSecurity()
    login: OpcUaLogin | None = None
    every: Annotated[Seconds, Field(ge=0.01, le=86_400)] = 1.0
    sampling: Annotated[Seconds, Field(ge=0, le=86_400)] | None = None
    stall_tolerance: Annotated[Seconds, Field(ge=0.1, le=86_400)] = 10.0
    keepalive: Annotated[Seconds, Field(ge=0.1, le=KEEPALIVE_MAX_S)] = 5.0
    time: TimeKeys | None = None


def make_source(
    device: str,
    keys: OpcUaDeviceKeys,
    tags: Sequence[OpcUaTagKeys],
    plan: PlanTable,
    *,
    gateway: str,
    folder: Path,
    data: Path,
) -> OpcUaSource:
    """Make the frozen description of one server.

    Args:
        tags: in the order of `plan`; folder: where relative paths of certificates begin;
        data: the data folder with its trust folder; gateway: names this application.
    """
    login = keys.login or OpcUaLogin()
    default_s = keys.every if keys.sampling is None else keys.sampling
    return OpcUaSource(
        device=device,
        url=keys.connect,
        plan=plan,
        items=tuple(
            OpcUaItem(
                place,
                tag.node,
                default_s if tag.sampling is None else tag.sampling,
                tag.queue,
                tag.index,
            )
            for place, tag in enumerate(tags)
        ),
        publishing_s=keys.every,
        mode=keys.security.mode,
        policy=keys.security.policy,
        unsafe=keys.security.unsafe,
        user=login.user,
        password=login.password,
        user_certificate=None if login.certificate is None else folder / login.certificate,
        user_key=None if login.key is None else folder / login.key,
        trust_folder=data / "trust",
        state_folder=data / "opcua",
        application_uri=f"{APPLICATION_URI}:{gateway}",
        stall_tolerance_s=keys.stall_tolerance,
        keepalive_s=keys.keepalive,
        lifetime_s=max(keys.keepalive * LIFETIME_KEEPALIVES, keys.every * 10),
    )
