"""`POST /api/reload`: takes an edited configuration now, not at the next look at its files."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.api.answers import ApiError, json_answer
from gateway.api.ports import Reload


class ReloadRoute:
    """Asks the application to read its folder again; the guard lets operators in only."""

    def __init__(self, reload: Reload | None) -> None:
        self._reload_now = reload

    def routes(self) -> list[Route]:
        """Give the route."""
        return [Route("/api/reload", self.post, methods=["POST"])]

    async def post(self, _: Request) -> Response:
        """Answer 200 with what changed, 422 with why nothing did."""
        if self._reload_now is None:
            raise ApiError(404, "this gateway does not reload")
        outcome = await self._reload_now()
        return json_answer(outcome, 200 if outcome["taken"] else 422)
