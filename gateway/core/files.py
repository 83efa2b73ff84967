"""A file that belongs to a document."""

from __future__ import annotations

from typing import NamedTuple


class NamedFile(NamedTuple):
    """A thumbnail or attachment; `content_type` is a media type."""

    content_type: str
    name: str
    data: bytes
