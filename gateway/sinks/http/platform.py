"""The central platform over HTTP(S). Source: platform interface, version 1, §1 and §2."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from gateway.core.answers import checked_answer
from gateway.core.clock import Clock
from gateway.core.errors import SinkUnavailable
from gateway.core.records import Answer, Audit, Batch, Gap, Record, Refusal, Rejected, Usage
from gateway.core.records import accepted_ranges as ranges_of
from gateway.core.signals import PlanTable
from gateway.core.types import Offset
from gateway.ops.events import sinks as events
from gateway.sinks.body import (
    BODY_MAX,
    FRAME_MAX,
    Fragment,
    compressed,
    gap_fragment,
    plan_body,
    records_body,
    requests_of,
    samples_fragment,
    usage_fragment,
)
from gateway.sinks.http.answer import parse_answer, retry_after_s, text_of, unknown_plan
from gateway.sinks.http.client import HttpAnswer, HttpClient
from gateway.sinks.http.config import HttpPlatformConfig

POISON_STATUSES = frozenset({400, 413, 422})
PERSON_STATUSES = frozenset({401, 403})
RETRY_STATUSES = frozenset({408, 425, 429})
PLANS_MAX = 10_000
"""Digests remembered as sent; beyond it all are forgotten and sent again when needed."""
THREAD_BODY = 1024 * 1024
"""From here on compressing takes longer than handing it to a thread."""
YIELD_SAMPLES = 20_000
"""Encoding this many takes about 4 ms; then everything else gets its turn."""


class _Poison(Exception):
    """The platform cannot take this request as it is; the text is its own."""


@dataclass(slots=True)
class _Outcome:
    """What of one write is decided so far."""

    accepted: list[int] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)

    def refuse(self, fragments: Sequence[Fragment], reason: str) -> None:
        self.refused += [Refusal(Offset(fragment.offset), reason) for fragment in fragments]

    def take(self, answer: Answer) -> None:
        for first, last in answer.accepted:
            self.accepted.extend(range(first, last + 1))
        self.refused += answer.refused

    def answer(self) -> Answer:
        refused = sorted(self.refused, key=lambda refusal: refusal.offset)
        return Answer(ranges_of(sorted(self.accepted)), tuple(refused))


class HttpPlatformSink:
    """A sink that writes to one central platform.

    Args:
        config: address, token, what to send.
        clock: for dates in `Retry-After`.
        plans: gives the newest plan table of each device, for gaps that have none of their own.
    """

    def __init__(
        self,
        config: HttpPlatformConfig,
        clock: Clock,
        plans: Callable[[], Mapping[str, PlanTable]] = dict,
    ) -> None:
        self.name = config.name
        self._config = config
        self._clock = clock
        self._plans = plans
        self._sent_plans: set[str] = set()
        headers = {"Content-Type": "application/json", "User-Agent": "factory-telemetry-gateway"}
        if config.token:
            headers["Authorization"] = f"Bearer {config.token}"
        if config.compression != "none":
            headers["Content-Encoding"] = config.compression
        self._client = HttpClient(
            config.url,
            headers,
            timeout_s=config.timeout_s,
            ca=config.ca,
            verify=config.verify,
            proxy=config.proxy,
        )

    async def write(self, epoch: str, records: Sequence[Record]) -> Answer:
        """Send records in as few requests as their size allows, and answer for each.

        What the configuration does not send is answered as accepted. When a later request of the
        same write fails, what the earlier ones settled is answered and the rest is left open.

        Raises:
            SinkUnavailable: nothing of this write counts.
        Cancel: the write may or may not have arrived; it will be sent again.
        """
        sent = _Outcome()
        fragments, skipped = await self._encoded(records, sent)
        requests = deque(requests_of(fragments))
        while requests:
            request = requests.popleft()
            try:
                await self._deliver(epoch, request, sent)
            except _Poison as poison:
                requests.extendleft(reversed(self._parted(request, str(poison), sent)))
            except SinkUnavailable:
                if not sent.accepted and not sent.refused:
                    raise
                break
        sent.accepted += skipped
        return sent.answer()

    async def close(self) -> None:
        """Close the connections, within 5 s."""
        await self._client.close()

    async def _encoded(
        self, records: Sequence[Record], sent: _Outcome
    ) -> tuple[list[Fragment], list[int]]:
        """Give fragments, and the offsets of what is not sent."""
        fragments: list[Fragment] = []
        skipped: list[int] = []
        since_yield = 0
        for record in records:
            try:
                fragment = self._fragment(record)
            except (TypeError, ValueError, RecursionError) as error:
                sent.refused.append(Refusal(record.offset, f"cannot-encode: {error}"[:300]))
                continue
            if fragment is None:
                skipped.append(record.offset)
                continue
            if len(fragment.data) + FRAME_MAX > BODY_MAX:
                sent.refuse([fragment], f"too-large: {len(fragment.data)} bytes")
                continue
            fragments.append(fragment)
            since_yield += fragment.samples
            if since_yield > YIELD_SAMPLES:
                since_yield = 0
                await self._clock.sleep(0)
        return fragments, skipped

    def _fragment(self, record: Record) -> Fragment | None:
        """Encode a record; None when it is not for this platform."""
        send, item = self._config.send, record.item
        match item:
            case Batch():
                return (
                    samples_fragment(record.offset, item, backfilled=self._config.backfilled)
                    if "samples" in send and len(item)
                    else None
                )
            case Gap():
                if "gaps" not in send or item.reader not in (None, self.name):
                    return None
                return gap_fragment(record.offset, item, self._plans().get(item.device))
            case Usage():
                return usage_fragment(record.offset, item) if "usage" in send else None
            case Rejected() | Audit():
                return None

    def _parted(self, request: list[Fragment], text: str, sent: _Outcome) -> list[list[Fragment]]:
        """Halve a request that was refused as a whole; a record alone is the poison itself."""
        if len(request) == 1:
            sent.refuse(request, text)
            return []
        middle = len(request) // 2
        return [request[:middle], request[middle:]]

    async def _deliver(self, epoch: str, request: list[Fragment], sent: _Outcome) -> None:
        """Post one request, with the plans it needs; once more when the platform lost a plan."""
        request = await self._with_plans(request, sent)
        answer = await self._post(epoch, request) if request else None
        if answer is not None and answer.status in (404, 409) and unknown_plan(answer.body):
            self._sent_plans.difference_update(_digests(request))
            request = await self._with_plans(request, sent)
            answer = await self._post(epoch, request) if request else None
        if answer is None:
            return
        if answer.status != 200:
            self._raise_for(answer)
        asked = [fragment.offset for fragment in request]
        checked, strange = checked_answer(parse_answer(answer.body, epoch), asked)
        if strange:
            events.answer_strange(self.name, strange, asked[0], asked[-1])
        sent.take(checked)

    async def _with_plans(self, request: list[Fragment], sent: _Outcome) -> list[Fragment]:
        """Send plans that the platform lacks; give the request without records of refused plans."""
        for plan in _plans_of(request):
            if plan.digest in self._sent_plans:
                continue
            try:
                await self._put_plan(plan)
            except _Poison as poison:
                hit = [f for f in request if f.plan is not None and f.plan.digest == plan.digest]
                sent.refuse(hit, f"plan refused: {poison}")
                request = [fragment for fragment in request if fragment not in hit]
        return request

    async def _put_plan(self, plan: PlanTable) -> None:
        path = ("v1", "gateways", self._config.gateway, "plans", plan.digest)
        body = await self._packed(plan_body(self._config.gateway, self._config.site, plan))
        answer = await self._client.send("PUT", path, body, {})
        if answer.status not in (200, 201, 204):
            self._raise_for(answer)
        if len(self._sent_plans) >= PLANS_MAX:
            self._sent_plans.clear()
        self._sent_plans.add(plan.digest)
        events.plan_sent(self.name, plan.device, plan.digest)

    async def _post(self, epoch: str, request: list[Fragment]) -> HttpAnswer:
        path = ("v1", "gateways", self._config.gateway, "records")
        key = f"{epoch}:{request[0].offset}-{request[-1].offset}"
        body = await self._packed(records_body(epoch, request))
        return await self._client.send("POST", path, body, {"Idempotency-Key": key})

    async def _packed(self, body: bytes) -> bytes:
        if len(body) < THREAD_BODY:
            return compressed(body, self._config.compression)
        return await asyncio.to_thread(compressed, body, self._config.compression)

    def _raise_for(self, answer: HttpAnswer) -> NoReturn:
        """Raise what a status other than success means."""
        status, text = answer.status, text_of(answer.body)
        reason = f"http-{status}"
        if status in POISON_STATUSES:
            raise _Poison(f"{status}: {text}" if text else str(status))
        if status in PERSON_STATUSES:
            raise SinkUnavailable(reason, text, hold=True)
        wait_s = retry_after_s(answer.headers.get("Retry-After"), self._clock.now())
        if status in RETRY_STATUSES or status >= 500 or status < 400:
            raise SinkUnavailable(reason, text, retry_after_s=wait_s)
        # Any other 4xx (404, 405, 410, ...) says that the address or the version is wrong.
        raise SinkUnavailable(reason, text, retry_after_s=wait_s, hold=status != 409)


def _plans_of(request: Sequence[Fragment]) -> list[PlanTable]:
    found = {fragment.plan.digest: fragment.plan for fragment in request if fragment.plan}
    return list(found.values())


def _digests(request: Sequence[Fragment]) -> set[str]:
    return {fragment.plan.digest for fragment in request if fragment.plan}
