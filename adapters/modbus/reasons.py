"""What a unit's exceptions are called, and which status their values get.

Source: MODBUS Application Protocol V1.1b3 §7; 7 (negative acknowledge) and 9 are of older versions.
"""

from __future__ import annotations

# Why there is no connection, or why it ended.
UNREACHABLE = "unreachable"
UNKNOWN_HOST = "unknown-host"
CLOSED = "connection-closed"
MISMATCH = "answer-mismatch"
OUT_OF_STEP = "out-of-step"
PORT_MISSING = "port-missing"
PORT_DENIED = "port-denied"
PORT_FAILED = "port-failed"
NO_SERIAL = "serial-not-installed"
TIMEOUT = "no-answer"

# What is said of a signal.
NOT_OF_TYPE = "not-of-type"

NAMES = {
    1: "illegal-function",
    2: "illegal-address",
    3: "illegal-value",
    4: "device-failure",
    5: "acknowledged-only",
    6: "device-busy",
    7: "not-acknowledged",
    8: "memory-parity",
    9: "exception-9",
    10: "gateway-no-path",
    11: "gateway-no-answer",
}
UNKNOWN = "exception-unknown"
REFUSES_ADDRESS = frozenset({2, 3})
"""What some registers of a block may be the reason for."""
SILENT = frozenset({10, 11})
"""A gateway's own: it is there, and the unit behind it is not."""

BAD_NODE_ID_UNKNOWN = 0x80340000
BAD_SERVICE_UNSUPPORTED = 0x800B0000
BAD_RESOURCE_UNAVAILABLE = 0x80040000
BAD_DEVICE_FAILURE = 0x808B0000
_STATUS = {
    1: BAD_SERVICE_UNSUPPORTED,
    2: BAD_NODE_ID_UNKNOWN,
    3: BAD_NODE_ID_UNKNOWN,
    5: BAD_RESOURCE_UNAVAILABLE,
    6: BAD_RESOURCE_UNAVAILABLE,
}


def reason_of(code: int) -> str:
    """Give the fixed word of an exception."""
    return NAMES.get(code, UNKNOWN)


def status_of(code: int) -> int:
    """Give the status code of values that an exception stands for (OPC UA Part 4 §7.39)."""
    return _STATUS.get(code, BAD_DEVICE_FAILURE)
