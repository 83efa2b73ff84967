"""The small-workshop programme's KPI service (스마트공방) as a stranger would build it.

`python -m simulators.kpi_service --port 8096 --key KEY=COMPANY` prints one JSON line with its
address and serves until it is ended. It takes JSON by POST:

- `/kpiLv1/kpiLv1Insert`, `/kpiLv2/kpiLv2Insert`, `/kpiLv3/kpiLv3Insert`: an object with an array
  `KPILEVEL1`, ..., taken as a whole or not at all; with `Tst` behind the path nothing counts;
- `/kpiLv1/certCheck` with `schKpiCertKey`: `[{"coNm": COMPANY}]`, or `[]`;
- `/kpiLv1/kpiLv1List`, `/kpiLv3/kpiLv3List` with `schKpiCertKey`, `schOcrDttm`: what is there.

What an insert answers is known of one public sender only (`okMsg`); the answer to a wrong one is a
guess, so it is a setting: `errMsg` with HTTP 200, or with `--refusal-status`. To this PC it answers
`GET /__sim__/stored`, `/tests`, `/requests`, `/state`, `POST /__sim__/fault` (see
`service_faults`; `code` answers `text` as `errMsg`), `/clock`, `/keys` (`{"key": K, "company": C}`;
without a company it is unknown again) and `/reset`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from simulators.control import BadRequest
from simulators.kpi_rules import RefusedEntry, entries, question
from simulators.service_control import ServiceControl, page
from simulators.service_faults import Fault, ServiceFaults, spoiled
from simulators.small_http import Reply, Request, listening, port_of
from simulators.stopping import stop_event
from simulators.usage_log_store import Kept
from simulators.virtual_clock import VirtualClock, stamp

SAMPLE_KEY = "0000-1111-2222-3333"
SAMPLE_COMPANY = "모의공방"
_INSERT = re.compile(r"/kpiLv([123])/kpiLv\1Insert(Tst)?")
_LIST = re.compile(r"/kpiLv([13])/kpiLv\1List")
CERT_CHECK = "/kpiLv1/certCheck"
JSON_TYPE = "application/json;charset=UTF-8"


class KpiService:
    """The service. `companies` are the names behind the keys, `now` gives ns UTC."""

    def __init__(
        self,
        companies: Mapping[str, str] | None = None,
        now: Callable[[], int] = time.time_ns,
        refusal_status: int = 200,
    ) -> None:
        self.companies = dict({SAMPLE_KEY: SAMPLE_COMPANY} if companies is None else companies)
        self.clock = VirtualClock(now)
        self.faults = ServiceFaults()
        self.kept = Kept()
        self.refusal_status = refusal_status
        self.control = ServiceControl(
            {
                "state": lambda _: self.state(),
                "stored": lambda query: page(self.stored, query),
                "tests": lambda query: page(self.tests, query),
                "requests": lambda query: page(list(self.kept.requests), query),
            },
            {
                "fault": self.faults.set,
                "clock": self.clock.order,
                "keys": self._set_key,
                "reset": lambda _: self.kept.clear(),
            },
        )

    @property
    def stored(self) -> list[dict[str, Any]]:
        """Every entry of the live paths as it came, with `level` and `received`."""
        return self.kept.stored

    @property
    def tests(self) -> list[dict[str, Any]]:
        """The same of the test paths."""
        return self.kept.tests

    @asynccontextmanager
    async def serving(self, port: int = 0, host: str = "127.0.0.1") -> AsyncIterator[str]:
        """Serve within the context; gives the base address."""
        async with listening(self.handle, host, port) as url:
            yield url

    async def handle(self, request: Request) -> Reply:
        """Give the reply to a request; the work of one is done in one step."""
        if self.control.handles(request):
            return await self.control.handle(request)
        if request.method != "POST" or not _known(request.path):
            return Reply(b"<html>404</html>", status=404)
        fault = self.faults.meet()
        if fault is None:
            return self._work(request, None)
        if fault.mode == "code":
            return self._forced(request, fault)
        meant = self._work(request, fault) if fault.works else Reply()
        if not fault.works:
            self._note(request, "", fault)
        return spoiled(fault, meant)

    def _work(self, request: Request, fault: Fault | None) -> Reply:
        try:
            reply, result = self._answer(request), "ok"
        except RefusedEntry as error:
            reply, result = self._refusal(str(error)), "refused"
        self._note(request, result, fault)
        return reply

    def _forced(self, request: Request, fault: Fault) -> Reply:
        if fault.stored:
            self._work(request, fault)
        else:
            self._note(request, "refused", fault)
        text = str(fault.detail.get("text", fault.detail["code"]))
        return replace(self._refusal(text), wait_s=fault.delay_s or 0.0)

    def _answer(self, request: Request) -> Reply:
        insert = _INSERT.fullmatch(request.path)
        if insert is not None:
            self._insert(int(insert[1]), request.body, test=insert[2] is not None)
            return _json({"okMsg": "정상 처리되었습니다."})
        asked = question(request.body)
        key = asked.get("schKpiCertKey", "")
        if request.path == CERT_CHECK:
            return _json([{"coNm": self.companies[key]}] if key in self.companies else [])
        return _json(self._listed(request.path, key, asked.get("schOcrDttm", "")))

    def _insert(self, level: int, body: bytes, test: bool) -> None:
        received = stamp(self.clock.shown())
        for entry in entries(level, body, self.companies):
            self.kept.keep({**entry, "level": level, "received": received}, test=test)

    def _listed(self, path: str, key: str, day: str) -> list[dict[str, Any]]:
        wanted = _LIST.fullmatch(path)
        assert wanted is not None
        return [
            {name: value for name, value in row.items() if name not in {"level", "received"}}
            for row in self.stored
            if (row["level"], row["kpiCertKey"], row["ocrDttm"]) == (int(wanted[1]), key, day)
        ]

    def _refusal(self, text: str) -> Reply:
        return replace(_json({"errMsg": text}), status=self.refusal_status)

    def _note(self, request: Request, result: str, fault: Fault | None) -> None:
        self.kept.note(
            {
                "at": stamp(self.clock.shown()),
                "path": request.path,
                "result": result,
                "fault": "" if fault is None else fault.mode,
            }
        )

    def state(self) -> dict[str, Any]:
        """Give the clock, counts, the faults to come."""
        return {
            "now": stamp(self.clock.shown()),
            "requests": self.kept.count,
            "stored": len(self.stored),
            "tests": len(self.tests),
            "faults": self.faults.names(),
            "companies": list(self.companies.values()),
        }

    def _set_key(self, order: dict[str, Any]) -> None:
        key, company = order.get("key"), order.get("company", "")
        if not isinstance(key, str) or not key or not isinstance(company, str):
            raise BadRequest('{"key": KEY, "company": NAME} is needed')
        self.companies.pop(key, None)
        if company:
            self.companies[key] = company


def _known(path: str) -> bool:
    return path == CERT_CHECK or bool(_INSERT.fullmatch(path) or _LIST.fullmatch(path))


def _json(value: Any) -> Reply:
    return Reply(json.dumps(value, ensure_ascii=False).encode(), JSON_TYPE)


async def run(options: argparse.Namespace) -> None:
    """Serve until SIGTERM or SIGINT."""
    named = dict(pair.partition("=")[::2] for pair in options.key)
    service = KpiService(named or None, refusal_status=options.refusal_status)
    stop = stop_event()
    async with service.serving(options.port, options.host) as url:
        ready = {"ready": "kpi", "listening": url, "port": port_of(url), "pid": os.getpid()}
        print(json.dumps({**ready, "keys": len(service.companies)}), flush=True)
        await stop.wait()


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="simulators.kpi_service",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8096)
    parser.add_argument("--key", action="append", default=[], help=f"such as {SAMPLE_KEY}=NAME")
    parser.add_argument("--refusal-status", type=int, default=200)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run(parser.parse_args(arguments)))


if __name__ == "__main__":
    main()
