"""The closed sets of the code table. A file may combine them, not add to them."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What sort of thing a result code tells."""

    SUCCESS = "success"
    RECEIVED = "received"
    TEST = "test"
    RECORD = "record"
    """This record is wrong and will stay so."""
    RETRYABLE = "retryable"
    DEFER = "defer"
    CONFIG = "config"
    SITE = "site"
    DAY = "day"
    BUG = "bug"
    """The request itself is not as the service wants it."""
    UNKNOWN = "unknown"


class Action(StrEnum):
    """What the sender does with the event, or with the whole delivery (`stop_`)."""

    STORED = "stored"
    """Delivered; the interval starts."""
    RECEIVED = "received"
    """Delivered as far as the service says; the interval starts."""
    TEST_OK = "test_ok"
    DEFER = "defer"
    """Not stored: the same event again in the next slot."""
    RETRY = "retry"
    """The same event again after the back-off."""
    QUARANTINE = "quarantine"
    SET_ZERO_AND_RESEND = "set_zero_and_resend"
    CLAMP_AND_RESEND = "clamp_and_resend"
    OTHER_VARIANT = "other_variant"
    """The same event again in another form of request."""
    STOP_CONFIG = "stop_config"
    """Nothing is sent until a person has changed the configuration."""
    STOP_SITE = "stop_site"
    """Nothing is sent but a probe every `probe_s`."""
    STOP_DAY = "stop_day"
    """Nothing is sent until the next day in Korea."""
