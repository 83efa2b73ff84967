"""How large a file may be before it is refused instead of read."""

from __future__ import annotations

from typing import Final

MIB: Final = 1024 * 1024
FILE_MAX: Final = 256 * MIB
"""A file as it lies on the disk."""
UNPACKED_MAX: Final = 512 * MIB
"""All parts of a package together."""
ENTRIES_MAX: Final = 20_000
RATIO_MAX: Final = 400
RATIO_FROM: Final = 4 * MIB
"""A part larger than this must not be packed more tightly than the ratio."""
MODEL_MAX: Final = 64 * MIB
"""One XML or JSON part."""
MARKUP_MAX: Final = 2_000_000
"""Angle brackets of an XML part (twice its elements), brackets of a JSON part."""
MEMBERS_MAX: Final = 4_000_000
"""Commas of a JSON part."""
RELATIONSHIPS_MAX: Final = 4 * MIB
DEPTH_MAX: Final = 100
"""Objects inside objects; the deepest template of the field has fewer than 20."""
