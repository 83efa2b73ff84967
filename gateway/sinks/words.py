"""Words that keys of several platforms have, free of any library."""

from __future__ import annotations

from typing import Literal

Compression = Literal["zstd", "gzip", "none"]
SendKind = Literal["samples", "gaps", "usage"]
SEND_ALL: frozenset[SendKind] = frozenset({"samples", "gaps", "usage"})
