"""The values that flow, and the few number types that must not be mixed up.

A value is what a machine can say: bool, int, float, str, bytes, an array of these, a structure
(a mapping that carries `"@type"`), or nothing (None) where its status is Bad.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NewType

import numpy as np
from numpy.typing import NDArray

UnixNs = NewType("UnixNs", int)
"""Nanoseconds since 1970-01-01 UTC, signed 64 bit."""

Offset = NewType("Offset", int)
"""Place of a record in the spool: from 1, only grows, never reused inside an epoch (I3)."""

Value = bool | int | float | str | bytes | Sequence[Any] | Mapping[str, Any] | None

Signals = NDArray[np.int32]
Times = NDArray[np.int64]
Statuses = NDArray[np.uint32]
Column = NDArray[Any] | list[Value]
"""A NumPy array for one numeric type (bool, (u)int8-64, float32/64); a list for everything else."""

GOOD = 0x00000000
UNCERTAIN = 0x40000000
BAD = 0x80000000
SEVERITY_MASK = 0xC0000000
"""OPC UA Part 4 §7.39: the two highest bits of a StatusCode say Good, Uncertain or Bad."""

UNCERTAIN_TIME = UNCERTAIN
"""The source's time is doubtful; no code of the standard says more. The value may be right."""

UNCERTAIN_LAST_USABLE = 0x40900000
"""UncertainLastUsableValue: how old the value is, nobody knows (a retained message)."""

UNCERTAIN_OUT_OF_RANGE = 0x40940000
"""UncertainEngineeringUnitsExceeded: the value is outside the range declared for it."""

BAD_TYPE_MISMATCH = 0x80740000
"""BadTypeMismatch: the value could not be converted as declared; the raw value is kept."""
