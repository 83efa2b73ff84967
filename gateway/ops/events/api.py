"""Events of the HTTP side."""

from __future__ import annotations

from gateway.ops.events.emit import Level, emit


def api_started(url: str) -> None:
    emit(Level.INFO, "api_started", url=url)


def api_stopped(url: str) -> None:
    emit(Level.INFO, "api_stopped", url=url)


def api_refused(listen: str, reason: str) -> None:
    emit(Level.ERROR, "api_refused", repeat_key=listen, listen=listen, reason=reason)


def login_failed(address: str, reason: str) -> None:
    emit(
        Level.WARNING,
        "login_failed",
        repeat_key=f"{address} {reason}",
        address=address,
        reason=reason,
    )


def login_locked(address: str, wait_s: float) -> None:
    emit(
        Level.WARNING,
        "login_locked",
        repeat_key=address,
        address=address,
        wait_s=round(wait_s, 1),
    )


def users_changed(users: int) -> None:
    emit(Level.INFO, "users_changed", users=users)


def users_refused(detail: str) -> None:
    emit(Level.ERROR, "users_refused", repeat_key="users", detail=detail)


def usage_refused(reason: str) -> None:
    emit(Level.WARNING, "usage_refused", repeat_key=reason, reason=reason)


def request_failed(route: str, trace: str) -> None:
    emit(Level.ERROR, "request_failed", repeat_key=route, route=route, trace=trace)
