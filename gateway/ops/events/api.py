"""Events of the HTTP side."""

from __future__ import annotations

from gateway.ops.events.emit import Level, emit


def api_started(url: str) -> None:
    """The HTTP side listens; collection ran before."""
    emit(Level.INFO, "api_started", url=url)


def api_stopped(url: str) -> None:
    """The HTTP side has let go of its address."""
    emit(Level.INFO, "api_stopped", url=url)


def api_refused(listen: str, reason: str) -> None:
    """The address cannot be listened at, most often because another program has it; tried again."""
    emit(Level.ERROR, "api_refused", repeat_key=listen, listen=listen, reason=reason)


def login_failed(address: str, reason: str) -> None:
    """A caller gave a wrong name or password; one line an address and minute."""
    emit(
        Level.WARNING,
        "login_failed",
        repeat_key=f"{address} {reason}",
        address=address,
        reason=reason,
    )


def login_locked(address: str, wait_s: float) -> None:
    """Too many wrong logins came from an address: the next is looked at in `wait_s`."""
    emit(
        Level.WARNING,
        "login_locked",
        repeat_key=address,
        address=address,
        wait_s=round(wait_s, 1),
    )


def users_changed(users: int) -> None:
    """The file of users was read again."""
    emit(Level.INFO, "users_changed", users=users)


def users_refused(detail: str) -> None:
    """The file of users cannot be read; those known before keep their access."""
    emit(Level.ERROR, "users_refused", repeat_key="users", detail=detail)


def usage_refused(reason: str) -> None:
    """An event of a solution was not taken in."""
    emit(Level.WARNING, "usage_refused", repeat_key=reason, reason=reason)


def request_failed(route: str, trace: str) -> None:
    """A bug answered 500; the caller sees nothing of `trace`."""
    emit(Level.ERROR, "request_failed", repeat_key=route, route=route, trace=trace)
