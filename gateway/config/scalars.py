"""Single values that several parts of a configuration have, and how they are read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from gateway.core.config import Referenced

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def _name(text: str) -> str:
    if not NAME.fullmatch(text):
        raise PydanticCustomError("E1108", "not a name", {"name": text})
    return text


def http_url(text: str) -> str:
    """Accept `http://host[:port][/path]` and https."""
    parts = urlsplit(text)
    try:
        fine = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fine = False
    if "@" in parts.netloc:
        raise PydanticCustomError("E1308", "a login in an address", {})
    if not fine or any(char.isspace() for char in text):
        raise PydanticCustomError("E1109", "not an address", {"address": text})
    return text.rstrip("/")


def listen_address(text: str) -> str:
    """Accept `host:port`."""
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65_536:
        raise PydanticCustomError("E1113", "not host:port", {"address": text})
    return text


def secret_file(value: Any) -> Any:
    """Take `!file path` for the file itself, not for what is in it."""
    if value is None or isinstance(value, Path):
        return value
    if isinstance(value, Referenced) and value.path is not None:
        return value.path
    raise PydanticCustomError("E1311", "not a file reference", {"value": str(value)[:60]})


Name = Annotated[str, AfterValidator(_name)]
HttpUrl = Annotated[str, AfterValidator(http_url)]
Listen = Annotated[str, AfterValidator(listen_address)]
