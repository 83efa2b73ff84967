"""All routes behind the guard as one ASGI application."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Collection, Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from gateway.api.aas.routes import Versions, aas_routes
from gateway.api.answers import ApiError, error_body
from gateway.api.guard import Guard
from gateway.api.influx import InfluxRoutes
from gateway.api.operations import OperationRoutes
from gateway.api.ports import Ports
from gateway.api.reload import ReloadRoute
from gateway.api.usage import UsageRoute
from gateway.api.users import Authenticator
from gateway.core.clock import Clock
from gateway.ops.events import api as events


def make_app(
    ports: Ports,
    authenticator: Authenticator,
    *,
    hosts: Collection[str] = (),
    origins: Collection[str] = (),
    extra: Sequence[BaseRoute] = (),
) -> ASGIApp:
    """Build the application.

    Args:
        hosts, origins: see `Guard`.
        extra: further routes, such as pages for people; behind the same guard.
    """
    clock = ports.board.clock
    routes: list[BaseRoute] = [
        *aas_routes(ports.aas),
        *OperationRoutes(ports.board, ports.aas.view).routes(),
        *InfluxRoutes(ports.aas.view, ports.history, clock).routes(),
        *ReloadRoute(ports.reload).routes(),
        Route("/usage", UsageRoute(ports.usage, clock).post, methods=["POST"]),
        *extra,
    ]
    app = Starlette(routes=routes, exception_handlers=_handlers(clock))
    return Guard(Versions(app), authenticator, clock, hosts, origins)


def _handlers(clock: Clock) -> dict[object, Callable[[Request, Exception], Response]]:
    def answer(status: int, text: str, headers: dict[str, str] | None = None) -> Response:
        body = error_body(status, text, clock.now())
        return Response(body, status, headers, "application/json")

    def expected(_: Request, error: Exception) -> Response:
        assert isinstance(error, ApiError)
        return answer(error.status, error.text, error.headers)

    def routing(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return answer(error.status_code, error.detail, dict(error.headers or {}))

    def bug(request: Request, error: Exception) -> Response:
        """Nothing of the failure goes to the client."""
        events.request_failed(request.url.path, "".join(traceback.format_exception(error)))
        return answer(500, "internal error; the gateway's log has the details")

    return {ApiError: expected, HTTPException: routing, 500: bug}
