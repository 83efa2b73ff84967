"""The log service's three endpoints, answered from the ledger.

A repeat is told from a second event by the client's `Idempotency-Key` only. Two requests that are
alike to the millisecond are two events: clients that send whole seconds do that rightly, a dropped
event is worse than one too many, and the service takes one record in ten minutes anyway. Both stand
in the ledger with the time at which they came.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable

from gateway.core.clock import Clock
from gateway.core.errors import LedgerUnavailable
from gateway.ops.events import usage_receiver as events
from gateway.usage.config import NormalConfig, ReceiverConfig
from gateway.usage.model import Attempt, Raw, State, Taken, Unfit
from gateway.usage.normal.words import Words
from gateway.usage.ports import UsageIntake
from gateway.usage.receiver import pages, replies
from gateway.usage.receiver.cors import Origins
from gateway.usage.receiver.documents import Unreadable
from gateway.usage.receiver.head import Request
from gateway.usage.receiver.health import ReceiverHealth
from gateway.usage.receiver.replies import Reply, Result
from gateway.usage.receiver.submission import Submission, read_submission, without_keys
from gateway.usage.rules import use_codes
from gateway.usage.rules.codes import load_codes
from gateway.usage.rules.kinds import Kind

COMMIT_TIMEOUT_S = 10.0
RELAY_TIMEOUT_S = 4.0
"""The shortest time-out of public senders is 5 s."""
RELAY_MARGIN_S = 0.5
SOURCE_ID_MAX = 200
SETTLED = frozenset({Kind.SUCCESS, Kind.RECEIVED, Kind.TEST, Kind.RECORD})
"""After any other answer the gateway itself sends the event again, so a client must not."""
_WORDS = Words(NormalConfig())
_SLASHES = re.compile(r"/{2,}")

Relay = Callable[[Taken, float], Awaitable[Attempt | None]]
"""Sends an event now and gives what came of it; None when the slot is not free. It keeps to the
time given, and the ledger learns of the request from it."""


class Endpoints:
    """Answers requests.

    Args:
        relay: used in the reply mode `relay` only.
    """

    def __init__(
        self,
        config: ReceiverConfig,
        take: UsageIntake,
        clock: Clock,
        health: ReceiverHealth,
        relay: Relay | None = None,
    ) -> None:
        self._config = config
        self._take = take
        self._clock = clock
        self._health = health
        self._relay = relay
        self._origins = Origins(config.origins)

    async def answer(self, request: Request, peer: str) -> Reply:
        """Answer one request; an accepted record is durable before this returns (I1).

        Cancel: the record is wholly stored or wholly absent.
        """
        path = _path_of(request)
        if path not in pages.PATHS:
            return self._page(request, path)
        origin = self._origins.refused(request.headers)
        if origin:
            self._health.refused_origin(origin)
            events.origin_refused(origin, peer)
            return pages.foreign_page()
        if request.method == "OPTIONS":
            reply = Reply(204, headers=self._origins.preflight(request))
        elif request.method not in {"GET", "POST"}:
            reply = pages.wrong_method()
        elif request.headers.get("content-encoding", "identity").lower() != "identity":
            reply = pages.compressed()
        else:
            reply = await self._record(request, path, peer)
        return reply.with_headers(self._origins.headers(request))

    def _page(self, request: Request, path: str) -> Reply:
        if path == "/" and request.method in {"GET", "HEAD"}:
            return pages.status_page(self._config.reply)
        return Reply(404) if path in pages.QUIET else pages.not_found()

    async def _record(self, request: Request, path: str, peer: str) -> Reply:
        now = self._clock.now()
        self._health.requests += 1
        self._health.last_request = now
        xml = path == pages.PATHS[2]
        try:
            said = read_submission(request, single=path != pages.PATHS[0])
        except Unreadable as error:
            return self._refused(error.code, error.reason, peer, xml=xml)
        if self._config.check_key and not said.key_among(self._config.expected_keys):
            reason = "wrong-key" if said.key else "no-key"
            return self._refused(replies.NO_KEY, reason, peer, xml=xml)
        return await self._stored(self._raw(request, path, peer, said), xml=xml)

    def _raw(self, request: Request, path: str, peer: str, said: Submission) -> Raw:
        extra = {
            "endpoint": path.rpartition("/")[2],
            "way": said.way,
            "charset": said.charset,
            "origin": request.headers.get("origin", "") if said.key else "",
            "lints": " ".join(said.lints),
        }
        source_id = without_keys(request.headers.get("idempotency-key", "")[:SOURCE_ID_MAX])
        return Raw(
            "receiver",
            self._clock.now(),
            said.fields,
            source_id,
            peer,
            extra={name: value for name, value in extra.items() if value},
        )

    async def _stored(self, raw: Raw, *, xml: bool) -> Reply:
        try:
            async with asyncio.timeout(COMMIT_TIMEOUT_S):
                taken = (await self._take.take([raw]))[0]
        except (LedgerUnavailable, TimeoutError) as error:
            reason = error.reason if isinstance(error, LedgerUnavailable) else "slow-disk"
            return self._not_stored(reason, raw.peer, xml=xml)
        if isinstance(taken, Unfit):
            return self._refused(
                taken.code, f"unfit-{taken.field}", raw.peer, taken.detail, xml=xml
            )
        result = await self._accepted(raw, taken)
        self._count(result.code, accepted=True)
        return replies.service_reply(result, xml=xml, headers=(("X-Gateway-Event", taken.id),))

    async def _accepted(self, raw: Raw, taken: Taken) -> Result:
        """Give the answer of the reply mode."""
        now = self._clock.now()
        detail = replies.HELD
        if self._config.reply == "relay" and self._relay is not None:
            attempt = await self._relayed(self._relay, taken)
            if attempt is not None and attempt.code:
                if load_codes().of(attempt.code).kind in SETTLED:
                    return replies.relayed(attempt, now)
                detail = f"{replies.HELD}, 게이트웨이가 다시 전송 ({attempt.code})"
        if _is_test(raw.fields.get("useSe")):
            return replies.result_of(replies.TEST, detail, now)
        if self._config.reply == "compat":
            return replies.result_of(replies.STORED, replies.HELD_COMPAT, now)
        return replies.result_of(replies.ACCEPTED, detail, now)

    async def _relayed(self, relay: Relay, taken: Taken) -> Attempt | None:
        if taken.known or taken.state is not State.QUEUED:
            return None
        try:
            async with asyncio.timeout(RELAY_TIMEOUT_S + RELAY_MARGIN_S):
                return await relay(taken, RELAY_TIMEOUT_S)
        except (LedgerUnavailable, TimeoutError):
            return None

    def _refused(self, code: str, reason: str, peer: str, detail: str = "", *, xml: bool) -> Reply:
        """Answer as the service does: HTTP 200, and the code says what is wrong."""
        now = self._clock.now()
        self._health.failed(f"{code} {reason}", peer, now)
        events.record_refused(peer, code, reason)
        self._count(code, accepted=False)
        return replies.service_reply(replies.result_of(code, detail, now), xml=xml)

    def _not_stored(self, reason: str, peer: str, *, xml: bool) -> Reply:
        """Answer that it may be sent again: nothing was taken over."""
        now = self._clock.now()
        self._health.failed(f"not-stored {reason}", peer, now)
        events.not_stored(reason)
        self._count(replies.TRY_AGAIN, accepted=False)
        result = replies.result_of(
            replies.TRY_AGAIN, "게이트웨이가 저장하지 못했습니다. 다시 보내세요.", now
        )
        wait = (("Retry-After", str(replies.RETRY_AFTER_S)),)
        return replies.service_reply(result, xml=xml, status=503, headers=wait)

    def _count(self, code: str, *, accepted: bool) -> None:
        self._health.answered(code, self._clock.now(), accepted=accepted)
        events.record_answered(code)


def _path_of(request: Request) -> str:
    """Give the path as it was meant: base addresses that end in a slash make two of them."""
    path = _SLASHES.sub("/", request.path.decode("latin-1"))
    return path.rstrip("/") or "/"


def _is_test(said: str | None) -> bool:
    """Tell a test record, however its code is spelled; a site's own words are not looked up."""
    return bool(said) and _WORDS.code_of(said or "").code == use_codes.TEST
