"""Every failure that rooms tell one another. Anything else that escapes a room is a bug.

A bug in a device, a destination, the usage logs, the HTTP side or the gateway's own figures is
contained by `gateway/flow/supervise.py`: reported with its trace, that part begins again, the
others go on (I8). A bug anywhere else ends the process, `gateway` with exit code 5.

GatewayError
├── ConfigError           the files are wrong; carries findings; exit code 2
├── SourceError
│   ├── SourceUnavailable transient: the runner waits and connects again
│   └── SourceRejected    a person must act (certificate, password, address); retried slowly
├── SpoolError
│   ├── SpoolFull         nothing was written
│   ├── SpoolUnavailable  the disk refuses; the spool re-opens, the caller keeps its items
│   ├── SpoolLocked       another gateway holds the folder
│   └── SpoolTooNew       written by a newer version; nothing was changed
├── LedgerUnavailable     the usage ledger cannot be written; nothing of this call was stored
├── SinkUnavailable       transient: nothing of this write counts
└── AasError              a model, template or file of the AAS side is invalid
"""

from __future__ import annotations


class GatewayError(Exception):
    """A failure that somebody expected; `reason` is a short fixed word for logs and metrics."""

    reason: str

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class SourceError(GatewayError):
    """A machine or broker could not be read."""


class SourceUnavailable(SourceError):
    """It may work later without anybody acting."""


class SourceRejected(SourceError):
    """It will not work until a person acts; tried again slowly all the same."""


class SpoolError(GatewayError):
    """The spool could not do what was asked."""


class SpoolFull(SpoolError):
    """The quota is reached and nothing more may be given up; nothing was written."""


class SpoolUnavailable(SpoolError):
    """The disk refused (full, read-only, broken); nothing of this append counts as written."""


class SpoolLocked(SpoolError):
    """Another process holds this spool."""


class SpoolTooNew(SpoolError):
    """The files were written by a newer version; nothing was changed."""


class SinkUnavailable(GatewayError):
    """The destination did not answer as it should: nothing of this write counts.

    `retry_after_s` is the destination's own wish, already capped. `hold` marks failures that need a
    person (401, 403): data is kept, an alarm is shown.
    """

    def __init__(
        self,
        reason: str,
        detail: str = "",
        *,
        retry_after_s: float | None = None,
        hold: bool = False,
    ) -> None:
        super().__init__(reason, detail)
        self.retry_after_s = retry_after_s
        self.hold = hold


class LedgerUnavailable(GatewayError):
    """The disk refused, or the ledger is held or damaged; nothing of this call was stored."""


class AasError(GatewayError):
    """A model, template or AAS file is invalid; `detail` names the place."""
