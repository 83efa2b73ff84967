"""Single values that several parts of a configuration have, and how they are read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from gateway.core.config import Referenced


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


Listen = Annotated[str, AfterValidator(listen_address)]
