"""The log service itself: endpoints, control, faults and clock put together."""

from __future__ import annotations

import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from typing import Any, get_args

from simulators.control import BadRequest
from simulators.server_certificate import KINDS, Certificates, Kind
from simulators.service_control import ServiceControl, page
from simulators.service_faults import Fault, ServiceFaults, spoiled
from simulators.small_http import Reply, Request, listening
from simulators.usage_log_content import ENDPOINTS, Shape, read_shape
from simulators.usage_log_rules import TEXTS, Content, RuleConfig, Rules, Status, Verdict
from simulators.usage_log_store import Kept, last_four, shown
from simulators.virtual_clock import SECOND_NS, VirtualClock, stamp

SAMPLE_KEY = "$5$API$SimulatedKey./0123456789ABCDEFGHIJKLMNOPQRS"
"""A key of the right form that no service ever gave."""
HEADERS = (("Access-Control-Allow-Origin", "*"), ("Server", "Apache"))
PREFLIGHT = (
    ("Access-Control-Allow-Methods", "GET, POST, OPTIONS"),
    ("Access-Control-Allow-Headers", "Content-Type"),
)


class UsageLogService:
    """The service. `now` gives ns UTC; `keys` says of each key whether its project still runs."""

    def __init__(
        self,
        keys: Mapping[str, Status] | None = None,
        now: Callable[[], int] = time.time_ns,
        rules: RuleConfig | None = None,
        shape: Shape | None = None,
        truth: Path | None = None,
    ) -> None:
        known: Mapping[str, Status] = {SAMPLE_KEY: "active"} if keys is None else keys
        self.clock = VirtualClock(now)
        self.rules = Rules(known, rules)
        self.shape = shape or Shape()
        self.faults = ServiceFaults()
        self.kept = Kept(truth)
        self._tls: tuple[Certificates, ssl.SSLContext] | None = None
        self.control = ServiceControl(
            {
                "state": lambda _: self.state(),
                "stored": lambda query: page(self.stored, query),
                "tests": lambda query: page(self.kept.tests, query),
                "requests": lambda query: page(self.requests, query),
            },
            {
                "fault": self.faults.set,
                "clock": self.clock.order,
                "keys": self._set_key,
                "shape": self._set_shape,
                "certificate": lambda order: self.show_certificate(order.get("kind", "good")),
                "reset": lambda _: self.reset(),
            },
        )

    @property
    def stored(self) -> list[dict[str, Any]]:
        """The records that were stored, as they came, with `recptnDt`; the key by its last four."""
        return self.kept.stored

    @property
    def requests(self) -> list[dict[str, Any]]:
        """Every request with its `code` ("" where the service did no work) and its `fault`."""
        return list(self.kept.requests)

    @asynccontextmanager
    async def serving(
        self,
        port: int = 0,
        host: str = "127.0.0.1",
        tls: Kind | None = None,
        folder: Path | None = None,
    ) -> AsyncIterator[str]:
        """Serve within the context; gives the base address. With `tls` HTTPS: `folder`/ca.pem."""
        context = None
        if tls is not None:
            if folder is None:
                raise ValueError("tls needs a folder for its certificates")
            certificates = Certificates(folder)
            context = certificates.context(tls)
            self._tls = certificates, context
        async with listening(self.handle, host, port, context) as url:
            yield url

    async def handle(self, request: Request) -> Reply:
        """Give the reply to a request; the work of one is done in one step."""
        if self.control.handles(request):
            return await self.control.handle(request)
        if request.path not in ENDPOINTS:
            return self._dated(Reply(b"<html>404</html>", status=404))
        if request.method == "OPTIONS":
            return self._dated(Reply(headers=PREFLIGHT))
        if request.method not in {"GET", "POST"}:
            return self._dated(Reply(b"<html>405</html>", status=405))
        fault = self.faults.meet()
        if fault is None:
            return self._dated(self._work(request, None))
        if fault.mode == "code":
            return replace(self._dated(self._forced(request, fault)), wait_s=fault.delay_s or 0.0)
        meant = self._work(request, fault) if fault.works else self._skipped(request, fault)
        return self._dated(spoiled(fault, meant))

    def _work(self, request: Request, fault: Fault | None) -> Reply:
        read, write = ENDPOINTS[request.path]
        content = read(request)
        verdict = self.rules.judge(content, self.clock.true(), self.clock.shown())
        if verdict.code in {"AP1002", "AP1028"}:
            row = {**shown(content.fields), "recptnDt": verdict.received}
            self.kept.keep(row, test=verdict.code == "AP1028")
        self._note(request, content, verdict, fault)
        return write(verdict, TEXTS[verdict.code], self.shape)

    def _forced(self, request: Request, fault: Fault) -> Reply:
        read, write = ENDPOINTS[request.path]
        if fault.stored:
            self._work(request, fault)
        code = str(fault.detail["code"])
        detail = str(fault.detail.get("detail", ""))
        verdict = Verdict(stamp(self.clock.shown()), code, detail)
        if not fault.stored:
            self._note(request, read(request), verdict, fault)
        text = str(fault.detail.get("text", TEXTS.get(code, "알 수 없는 결과")))
        return write(verdict, text, self.shape)

    def _skipped(self, request: Request, fault: Fault) -> Reply:
        content = ENDPOINTS[request.path][0](request)
        self._note(request, content, Verdict(stamp(self.clock.shown()), ""), fault)
        return Reply()

    def _note(
        self, request: Request, content: Content, verdict: Verdict, fault: Fault | None
    ) -> None:
        self.kept.note(
            {
                "at": verdict.received,
                "path": request.path,
                "method": request.method,
                "variant": content.variant,
                "peer": request.peer,
                "agent": request.headers.get("user-agent", ""),
                "code": verdict.code,
                "fault": "" if fault is None else fault.mode,
                **shown(content.fields),
            }
        )

    def _dated(self, reply: Reply) -> Reply:
        seconds = self.clock.shown() // SECOND_NS
        date = ("Date", formatdate(seconds, usegmt=True))
        return replace(reply, headers=(*reply.headers, date, *HEADERS))

    def state(self) -> dict[str, Any]:
        """Give the clock, the faults to come and what is known of each key, today's counts."""
        now = stamp(self.clock.shown())
        day = now[:10]
        return {
            "now": now,
            "requests": self.kept.count,
            "stored": len(self.stored),
            "tests": len(self.kept.tests),
            "faults": self.faults.names(),
            "keys": [
                {
                    "key": last_four(key),
                    "status": account.status,
                    "requests_today": account.requests[day],
                    "stored_today": account.stored[day],
                    "tests_today": account.tests[day],
                    "last_stored": account.last_stored,
                    "codes": dict(account.codes),
                }
                for key, account in self.rules.accounts.items()
            ],
        }

    def reset(self) -> None:
        """Forget records, requests, counts and faults; keys, clock and shape stay."""
        self.kept.clear()
        self.faults.set({"mode": "ok"})
        keys = {key: account.status for key, account in self.rules.accounts.items()}
        self.rules.accounts = Rules(keys).accounts

    def show_certificate(self, kind: str) -> None:
        """Show another certificate to whoever connects from now on."""
        if self._tls is None:
            raise BadRequest("it does not serve HTTPS")
        if kind not in KINDS:
            raise BadRequest(f"kind must be one of {', '.join(KINDS)}")
        certificates, context = self._tls
        certificates.change(context, kind)  # type: ignore[arg-type]  # checked above

    def _set_key(self, order: dict[str, Any]) -> None:
        key, status = order.get("key"), order.get("status", "active")
        if not isinstance(key, str) or not key or status not in get_args(Status):
            raise BadRequest('{"key": KEY, "status": "active", "ended" or "unknown"} is needed')
        self.rules.set_status(key, status)

    def _set_shape(self, order: dict[str, Any]) -> None:
        self.shape = read_shape(order)
