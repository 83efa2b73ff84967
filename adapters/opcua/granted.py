"""What a server granted of what was asked, and whether values are lost by it.

A server may change every number of a subscription and of an item, and says so only in its answer.
What only makes values later or outages dearer is worth a note; what makes it drop values although
all is well is worth an alarm, because nothing will ever tell of them.

Source: OPC UA Part 4 §5.13.2 (revised sampling interval and queue size), §5.14.2 (revised
intervals and counts), §5.13.1.5 (no overflow is marked where the queue holds one value).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from adapters.opcua.config import OpcUaSource
from adapters.opcua.errors import span_words
from adapters.opcua.library import struct_from_binary, ua
from adapters.opcua.transport import LinkClient

GRANTED_LESS = "granted-less"
NOTIFICATIONS_MAX = 10_000
"""Samples in one message: decoding one never holds the loop for long."""
KEEPALIVE_MAX_S = 10.0
LIFETIME_FACTOR_MIN = 3
"""Source: OPC UA Part 4 §5.14.2: the lifetime is at least three keep-alives."""
SLOWER = 1.25
"""So much slower than asked is still taken as asked: servers round to what their cycle allows."""
LONGER = 2.0
"""Intervals of a subscription that are longer by less than this are not spoken of."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription as the server made it. Times in seconds."""

    number: int
    publishing_s: float
    keepalive_s: float
    lifetime_s: float


@dataclass(frozen=True, slots=True)
class Rate:
    """How often a value is looked at (0: whenever it changes) and how many are kept."""

    sampling_s: float
    queue: int

    def __str__(self) -> str:
        often = span_words(self.sampling_s) if self.sampling_s > 0 else "every change"
        return f"{often} x {self.queue}"


async def subscribe(
    client: LinkClient, source: OpcUaSource, most: int | None = None
) -> Subscription:
    """Make a subscription with publishing off; `most`: samples in one message.

    Raises the library's errors.
    """
    request = _request(source)
    request.Parameters.MaxNotificationsPerPublish = most or NOTIFICATIONS_MAX
    data = await client.uaclient._send_request(request)  # noqa: SLF001 - else the library publishes too
    answer = struct_from_binary(ua.CreateSubscriptionResponse, data)
    answer.ResponseHeader.ServiceResult.check()
    given = answer.Parameters
    publishing_s = given.RevisedPublishingInterval / 1000
    return Subscription(
        int(given.SubscriptionId),
        publishing_s,
        publishing_s * given.RevisedMaxKeepAliveCount,
        publishing_s * given.RevisedLifetimeCount,
    )


def _request(source: OpcUaSource) -> Any:
    keepalive = max(round(min(source.keepalive_s, KEEPALIVE_MAX_S) / source.publishing_s), 1)
    lifetime = max(round(source.lifetime_s / source.publishing_s), LIFETIME_FACTOR_MIN * keepalive)
    request = ua.CreateSubscriptionRequest()
    request.Parameters = ua.CreateSubscriptionParameters(
        RequestedPublishingInterval=source.publishing_s * 1000.0,
        RequestedLifetimeCount=lifetime,
        RequestedMaxKeepAliveCount=keepalive,
        MaxNotificationsPerPublish=NOTIFICATIONS_MAX,
        PublishingEnabled=False,
        Priority=0,
    )
    return request


def subscription_note(source: OpcUaSource, given: Subscription) -> str:
    """Say what of a subscription is worse than asked; empty when nothing is. No value is lost."""
    asked_keepalive = max(min(source.keepalive_s, KEEPALIVE_MAX_S), source.publishing_s)
    parts = [
        f"{name} {span_words(got)} instead of {span_words(asked)}"
        for name, asked, got, worse in (
            ("publishing", source.publishing_s, given.publishing_s, LONGER),
            ("keep-alive", asked_keepalive, given.keepalive_s, LONGER),
            ("lifetime", source.lifetime_s, given.lifetime_s, 1 / LONGER),
        )
        if (got > asked * worse if worse > 1 else got < asked * worse)
    ]
    return f"the server granted: {', '.join(parts)}" if parts else ""


def lost_by(asked: Rate, given: Rate, publishing_s: float) -> str:
    """Say what was asked and granted where values are lost by it; empty where none are.

    They are when the server looks less often than asked, when its queue cannot hold what comes
    between two publishings, and when it keeps one value although more were asked: then it may not
    even mark that it dropped some. Where every change was asked, any rate up to the publishing
    interval is as good as it can.
    """
    slowest = asked.sampling_s * SLOWER if asked.sampling_s > 0 else publishing_s
    slower = given.sampling_s > slowest
    often = given.sampling_s or asked.sampling_s
    needed = math.ceil(publishing_s / often - 0.01) if often > 0 else 1
    short = given.queue < min(needed, asked.queue)
    silent = given.queue <= 1 < asked.queue
    if not (slower or short or silent):
        return ""
    words = f"asked {asked}, granted {given}"
    if short and not slower and publishing_s > often * asked.queue:
        words += f", published every {span_words(publishing_s)}"
    return words
