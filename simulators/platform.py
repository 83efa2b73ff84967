"""The central platform as a stranger would build it: keeps what gateways send, and fails on wish.

`python -m simulators.platform --port 8090 --store platform.db [--token T]` prints one JSON line
with its address and serves until it is ended. Beside the interface it answers

- `GET /v1/gateways/{g}/summary`: counts by kind and device, duplicates, conflicts, epochs, own CPU;
- `GET /v1/gateways/{g}/samples?device=&name=&from=&to=&limit=`: rows in offset order;
- `GET /v1/gateways/{g}/records?after=&limit=`: records as stored, in order of arrival, with plans;
- `GET /v1/gateways/{g}/gaps?after=&limit=`, `GET /v1/gateways/{g}/plans/{digest}`;
- `POST /fault`: `{"mode": M, "for": "20s", "count": 3, "after": 1}` with M one of down, 500,
  timeout, drop-reply, partial, garbage, slow, 429, 401, redirect, forget, ok; for that long, for so
  many requests, after so many that still go well. `forget` loses the whole store at once,
  `retry_after` goes with a 429, `body` chooses the garbage: html, empty, truncated, shape, list,
  other-epoch, padded. `{"refuse": [{"device": "d", "offset": 7, "reason": "r", "poison": true}]}`
  refuses records, or with `poison` answers 400 to a request that holds one.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hmac
import json
import signal
import ssl
import time
from typing import Any

from aiohttp import web

from simulators.platform_faults import Fault, Faults
from simulators.platform_json import BODY_MAX, BodyError, dumps, loads, unpacked
from simulators.platform_receive import Receiver
from simulators.platform_rules import Plan, RefusedError, UnknownPlan
from simulators.platform_store import Store, Stored

TIMEOUT_S = 3600.0
SLOW_STEP_S = 0.5
LIMIT_DEFAULT = 1_000
PADDING = 6_000_000
GARBAGE = {
    "html": ("text/html", b"<html><body>Welcome to our network</body></html>"),
    "empty": ("application/json", b""),
    "truncated": ("application/json", b'{"epoch":"x","accepted":[[1,'),
    "shape": ("application/json", b'{"ok":true}'),
    "list": ("application/json", b"[1,2,3]"),
    "other-epoch": (
        "application/json",
        b'{"epoch":"00000000-0000-0000-0000-000000000000","accepted":[[1,999999]],"refused":[]}',
    ),
}


class Platform:
    """The routes; all state is in the store and the faults."""

    def __init__(self, store: Store, token: str | None) -> None:
        self._store = store
        self._token = token
        self._faults = Faults()
        self._receiver = Receiver(store, self._faults)
        self._requests: list[tuple[float, str, int]] = []

    def app(self) -> web.Application:
        app = web.Application(client_max_size=BODY_MAX + 65_536, middlewares=[self._guard])
        base = "/v1/gateways/{gateway}"
        app.router.add_put(base + "/plans/{digest}", self._put_plan)
        app.router.add_get(base + "/plans/{digest}", self._get_plan)
        app.router.add_post(base + "/records", self._post_records)
        app.router.add_get(base + "/records", self._get_records)
        app.router.add_get(base + "/gaps", self._get_gaps)
        app.router.add_get(base + "/summary", self._summary)
        app.router.add_get(base + "/samples", self._samples)
        app.router.add_post("/fault", self._fault)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if request.path == "/fault":
            return await self._answered(request, handler)
        offered = request.headers.get("Authorization", "")
        wanted = f"Bearer {self._token}"
        if self._token and not hmac.compare_digest(offered.encode(), wanted.encode()):
            return web.json_response({"error": "unauthorized"}, status=401)
        fault = self._faults.meet() if request.method in {"PUT", "POST"} else None
        if fault is None:
            return await self._answered(request, handler)
        return await self._failed(request, handler, fault)

    @staticmethod
    async def _answered(request: web.Request, handler: Any) -> web.StreamResponse:
        try:
            return await handler(request)  # type: ignore[no-any-return]  # the library has no types
        except BodyError as error:
            return web.Response(status=error.status, text=str(error))
        except (ValueError, UnicodeError) as error:
            return web.Response(status=400, text=str(error))

    async def _failed(self, request: web.Request, handler: Any, fault: Fault) -> web.StreamResponse:
        match fault.mode:
            case "down":
                return _cut(request)
            case "500":
                return web.Response(status=500, text="internal error")
            case "429" | "401":
                wait = fault.detail.get("retry_after")
                headers = {} if wait is None else {"Retry-After": str(wait)}
                return web.Response(status=int(fault.mode), headers=headers)
            case "redirect":
                return web.Response(status=307, headers={"Location": request.path})
            case "timeout":
                await request.read()
                await asyncio.sleep(max(0.0, min(fault.until - time.monotonic(), TIMEOUT_S)))
                return _cut(request)
            case "garbage" if fault.detail.get("body") != "padded":
                await request.read()
                kind, body = GARBAGE[fault.detail.get("body", "html")]
                return web.Response(body=body, content_type=kind)
            case "partial":
                self._receiver.take_half = True
                return await self._answered(request, handler)
        answer = await self._answered(request, handler)
        if fault.mode == "garbage":
            return _padded(answer)
        return _cut(request) if fault.mode == "drop-reply" else await _dribble(request, answer)

    async def _put_plan(self, request: web.Request) -> web.Response:
        body = await _body(request)
        try:
            plan = Plan.read(request.match_info["digest"], body)
        except RefusedError as error:
            return web.Response(status=422, text=str(error))
        new = self._store.put_plan(request.match_info["gateway"], plan)
        return web.Response(status=201 if new else 204)

    async def _get_plan(self, request: web.Request) -> web.Response:
        plans = self._store.plans.get(request.match_info["gateway"], {})
        plan = plans.get(request.match_info["digest"])
        return _json({"error": "unknown-plan"}, 404) if plan is None else _json(plan.body)

    async def _post_records(self, request: web.Request) -> web.Response:
        gateway = request.match_info["gateway"]
        body = await _body(request)
        try:
            return _json(self._receiver.take(gateway, body, request.headers))
        except UnknownPlan as error:
            return _json({"error": "unknown-plan", "plan": str(error)}, 409)

    async def _get_records(self, request: web.Request) -> web.Response:
        gateway = request.match_info["gateway"]
        after, limit = _page(request)
        return _json(self._listing(gateway, self._store.records(gateway, after, limit), limit))

    async def _get_gaps(self, request: web.Request) -> web.Response:
        gateway = request.match_info["gateway"]
        after, limit = _page(request)
        rows = self._store.of_kind(gateway, "gap", after, limit)
        return _json(self._listing(gateway, rows, limit))

    def _listing(self, gateway: str, rows: list[Stored], limit: int) -> dict[str, Any]:
        plans = self._store.plans.get(gateway, {})
        named = {row.record["plan"] for row in rows if row.record.get("plan")}
        return {
            "records": [row.as_json() for row in rows],
            "plans": {digest: plans[digest].body for digest in sorted(named & plans.keys())},
            "next": rows[-1].seq if len(rows) == limit else None,
        }

    async def _summary(self, request: web.Request) -> web.Response:
        gateway = request.match_info["gateway"]
        return _json(self._receiver.summary(gateway))

    async def _samples(self, request: web.Request) -> web.Response:
        query = request.query
        rows = self._receiver.samples(
            request.match_info["gateway"],
            query.get("device"),
            query.get("name"),
            (int(query.get("from", -(2**63))), int(query.get("to", 2**63 - 1))),
            int(query.get("limit", LIMIT_DEFAULT)),
        )
        return _json({"rows": rows})

    async def _fault(self, request: web.Request) -> web.Response:
        wish = await request.json()
        self._faults.set(wish)
        if wish.get("mode") == "forget":
            self._store.forget()
        return _json({"ok": True})


async def _body(request: web.Request) -> Any:
    body = await request.read()
    return loads(unpacked(body, request.headers.get("Content-Encoding", "")))


def _page(request: web.Request) -> tuple[int, int]:
    query = request.query
    return int(query.get("after", 0)), max(1, int(query.get("limit", LIMIT_DEFAULT)))


def _json(value: Any, status: int = 200) -> web.Response:
    return _json_text(dumps(value), status)


def _json_text(body: bytes, status: int = 200) -> web.Response:
    return web.Response(body=body, status=status, content_type="application/json")


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


def _padded(answer: web.StreamResponse) -> web.Response:
    """Send the true answer with blanks beyond all measure behind it."""
    body = answer.body if isinstance(answer, web.Response) else b""
    return _json_text((body if isinstance(body, bytes) else b"") + b" " * PADDING)


async def _dribble(request: web.Request, answer: web.StreamResponse) -> web.StreamResponse:
    """Send the answer one byte at a time."""
    body = answer.body if isinstance(answer, web.Response) else b""
    slow = web.StreamResponse(status=answer.status, headers={"Content-Type": "application/json"})
    await slow.prepare(request)
    for byte in body if isinstance(body, bytes) else b"":
        await slow.write(bytes([byte]))
        await asyncio.sleep(SLOW_STEP_S)
    return slow


async def serve(
    host: str, port: int, store: str, token: str | None, tls: ssl.SSLContext | None = None
) -> None:
    """Serve until SIGTERM or SIGINT."""
    kept = Store(store)
    runner = web.AppRunner(
        Platform(kept, token).app(), access_log=None, auto_decompress=False, shutdown_timeout=1.0
    )
    await runner.setup()
    site = web.TCPSite(runner, host, port, ssl_context=tls)
    await site.start()
    address = runner.addresses[0]
    scheme = "http" if tls is None else "https"
    print(json.dumps({"listening": f"{scheme}://{address[0]}:{address[1]}"}), flush=True)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    with contextlib.suppress(NotImplementedError):  # Windows: ended by Ctrl-C or from outside
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, ended.set)
    await ended.wait()
    await runner.cleanup()
    kept.close()


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m simulators.platform")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--store", default="platform.db")
    parser.add_argument("--token")
    parser.add_argument("--certificate", help="PEM; with --key it serves HTTPS")
    parser.add_argument("--key")
    chosen = parser.parse_args(arguments)
    tls = None
    if chosen.certificate:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(chosen.certificate, chosen.key)
    asyncio.run(serve(chosen.host, chosen.port, chosen.store, chosen.token, tls))


if __name__ == "__main__":
    main()
