"""Events of the drop-in receiver of usage logs. Nothing of a request's content is written."""

from __future__ import annotations

from gateway.ops.events.emit import Level, emit
from gateway.ops.metrics import counter

_ANSWERS = counter(
    "gateway_usage_receiver_answers_total", "Answers of the usage receiver by result code", ["code"]
)


def receiver_started(url: str) -> None:
    """Solutions can log their use at this address."""
    emit(Level.INFO, "usage_receiver_started", url=url)


def receiver_stopped(url: str) -> None:
    """The receiver has let go of its address."""
    emit(Level.INFO, "usage_receiver_stopped", url=url)


def listen_refused(listen: str, reason: str) -> None:
    """The address cannot be listened at; tried again."""
    emit(Level.ERROR, "usage_receiver_refused", repeat_key=listen, listen=listen, reason=reason)


def accept_failed(listen: str, reason: str) -> None:
    """A connection could not be taken, most often because too many files are open."""
    emit(Level.ERROR, "usage_accept_failed", repeat_key=listen, listen=listen, reason=reason)


def record_answered(code: str) -> None:
    """Count an answer; there is one for each use of a solution, so no line."""
    _ANSWERS.labels(code).inc()


def record_refused(peer: str, code: str, reason: str) -> None:
    """An event breaks the service's rules; the solution got the same code as from the service."""
    emit(
        Level.WARNING,
        "usage_record_refused",
        repeat_key=f"{peer} {code}",
        peer=peer,
        code=code,
        reason=reason,
    )


def not_stored(reason: str) -> None:
    """An event could not be made durable; the solution was told to send it again."""
    emit(Level.ERROR, "usage_not_stored", repeat_key=reason, reason=reason)


def request_refused(peer: str, reason: str) -> None:
    """A request is no event in any form that the service takes."""
    emit(
        Level.WARNING,
        "usage_request_refused",
        repeat_key=f"{peer} {reason}",
        peer=peer,
        reason=reason,
    )


def origin_refused(origin: str, peer: str) -> None:
    """A page of another site tried to log usage."""
    emit(Level.WARNING, "usage_origin_refused", repeat_key=origin, origin=origin, peer=peer)


def tls_failed(peer: str, reason: str) -> None:
    """A solution's TLS handshake failed."""
    emit(Level.WARNING, "usage_tls_failed", repeat_key=f"{peer} {reason}", peer=peer, reason=reason)


def client_slow(peer: str, reason: str) -> None:
    """A solution did not finish its request in time."""
    emit(Level.INFO, "usage_client_slow", repeat_key=peer, peer=peer, reason=reason)
