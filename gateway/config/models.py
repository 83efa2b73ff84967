"""The keys of gateway.yaml. Times are in seconds and sizes in bytes once read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Union

from pydantic import BeforeValidator, Field, create_model
from pydantic_core import PydanticCustomError

from gateway.config.scalars import Listen, secret_file
from gateway.config.usage import UsageKeys, usage_model
from gateway.core.config import (
    ByteSize,
    FileModel,
    HistoryKeys,
    HttpUrl,
    LocalText,
    Name,
    PlatformKeys,
)
from gateway.core.kinds import Kinds

VERSION = 1
HANGUL = re.compile(r"[\uac00-\ud7a3\u3131-\u318e]")
BUSINESS_NUMBER = r"^\d{3}-\d{2}-\d{5}$"
QUOTA_MIN = 16_000_000


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _local(value: Any) -> Any:
    """A plain text is Korean where it has a Korean letter."""
    if isinstance(value, str):
        return LocalText(ko=value) if HANGUL.search(value) else LocalText(en=value)
    return value


def _version(value: Any) -> Any:
    if value != VERSION or isinstance(value, bool):
        raise PydanticCustomError("E1112", "not a known version", {"version": str(value)})
    return value


Version = Annotated[Literal[1], BeforeValidator(_version)]
Local = Annotated[LocalText, BeforeValidator(_local)]


class Identity(FileModel):
    """`gateway:`."""

    id: Name
    site: Local = LocalText()
    business_number: str | None = Field(default=None, pattern=BUSINESS_NUMBER)
    id_base: HttpUrl | None = None


class SpoolKeys(FileModel):
    """`spool:`; `path` is relative to the data folder."""

    path: str = "spool"
    quota: Annotated[ByteSize, Field(ge=QUOTA_MIN)] = 10 * 10**9


class ApiKeys(FileModel):
    """`api:`; `hosts` are further names it answers to, `origins` sites whose pages may read.

    `url` is how others reach it: addresses inside AAS files begin with it.
    """

    listen: Listen = "127.0.0.1:8080"
    url: HttpUrl | None = None
    hosts: list[str] = Field(default=[])
    origins: list[HttpUrl] = Field(default=[])
    users: Annotated[Path | None, BeforeValidator(secret_file)] = None


class GatewayFile(FileModel):
    """All of gateway.yaml; `gateway_model` says what history, platforms and usage may be."""

    version: Version = 1
    gateway: Identity
    devices: Annotated[list[str], BeforeValidator(_one_or_many)] = Field(
        default=["devices/*.yaml"], min_length=1
    )
    spool: SpoolKeys = SpoolKeys()
    history: HistoryKeys = HistoryKeys()
    platform: list[PlatformKeys] = Field(default=[])
    usage: UsageKeys = UsageKeys()
    api: ApiKeys = ApiKeys()


@cache
def gateway_model(kinds: Kinds) -> type[GatewayFile]:
    """Join what gateway.yaml always has with the keys of each kind of destination and way in."""
    stores, sinks = kinds.histories, kinds.sinks
    return create_model(
        GatewayFile.__name__,
        __base__=GatewayFile,
        __doc__=GatewayFile.__doc__,
        history=(_any_of([kind.keys for kind in stores]), stores[0].keys()),
        usage=(usage_model(kinds.intakes), usage_model(kinds.intakes)()),
        platform=(_list_of(_any_of([kind.keys for kind in sinks])), Field(default=[])),
    )


def _any_of(models: Sequence[type[FileModel]]) -> Any:
    """Make the type of what is one of these, told apart by `kind`."""
    if len(models) == 1:
        return models[0]
    return Annotated[Union[tuple(models)], Field(discriminator="kind")]  # noqa: UP007 - of a list


def _list_of(model: Any) -> Any:
    return list[model]
