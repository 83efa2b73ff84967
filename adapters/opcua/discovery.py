"""What a server offers, and under which addresses it may be reached.

Some servers answer GetEndpoints only under `<address>/discovery`, because the address itself takes
protected channels alone. The addresses that a server tells of itself are those that it knows:
behind a translating router, or with a host name that only the plant's office can resolve, they lead
nowhere. So the host and port of the device file are kept, and only the path is taken from there.

Source: OPC UA Part 4 §5.4.4 (GetEndpoints), Part 6 §7.1.2.3 (Hello), Part 12 §4.2.2 (discovery).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from adapters.opcua.errors import clock_words, edge
from adapters.opcua.library import UaError, struct_from_binary, ua
from adapters.opcua.transport import LinkClient
from gateway.core.clock import Clock
from gateway.core.errors import SourceError, SourceUnavailable

DISCOVERY = "/discovery"


@dataclass(frozen=True, slots=True)
class Address:
    """Where the socket goes (`url`) and what is asked for in Hello and CreateSession (`name`)."""

    url: str
    name: str


async def discover(
    url: str, new: Callable[[str], LinkClient], timeout_s: float, clock: Clock
) -> Sequence[Any]:
    """Ask for the endpoints over an unprotected channel that is closed again.

    Asked are the address as it is written, then what `discovery_urls` gives, until one answers with
    endpoints. Raises the SourceError of the first address when none does. Cancel: the socket is
    closed at once.
    """
    first: SourceError | None = None
    for place in discovery_urls(url):
        client = new(place)
        try:
            with edge("asking for endpoints", strange=True):
                async with asyncio.timeout(timeout_s):
                    found = await _asked(client)
            if found:
                return found
            first = first or SourceUnavailable("no-endpoints", "its list of endpoints is empty")
        except SourceError as error:
            first = first or in_words(error, client, clock)
            if not client.reached or error.reason == "timeout":
                break  # nobody is there: other paths of the same host lead nowhere either
        finally:
            client.drop()
    assert first is not None
    raise first


def discovery_urls(url: str) -> list[str]:
    """Give the addresses under which endpoints may be told, the written one first."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    paths = [parts.path, f"{path}{DISCOVERY}", DISCOVERY, ""]
    if path.endswith(DISCOVERY):
        paths = [parts.path, path.removesuffix(DISCOVERY), ""]
    return list(dict.fromkeys(parts._replace(path=each).geturl() for each in paths))


async def _asked(client: LinkClient) -> list[Any]:
    await client.connect_socket()
    await client.send_hello()
    await client.open_secure_channel()
    request = ua.GetEndpointsRequest()
    request.Parameters.EndpointUrl = client.server_url.geturl()
    data = await client.uaclient._send_request(request)  # noqa: SLF001 - else the header is lost
    answer = struct_from_binary(ua.GetEndpointsResponse, data)
    answer.ResponseHeader.ServiceResult.check()
    await _close_channel(client)
    return list(answer.Endpoints or ())


async def _close_channel(client: LinkClient) -> None:
    """Say goodbye; a server that does not listen to it has given its answer all the same."""
    with contextlib.suppress(UaError, OSError):
        await client.close_secure_channel()


def addresses(url: str, endpoint_url: str, *, secure: bool) -> Iterator[Address]:
    """Give the ways to an endpoint, the likeliest first.

    The host and port that a person wrote come first, with the endpoint's own path, then with the
    path that he wrote, then with the endpoint's own name in the greeting. Where the channel proves
    who answers (`secure`), another port that the server names on the same host is tried, too.
    """
    ours, theirs = urlsplit(url), _split(endpoint_url)
    if theirs is None:
        yield Address(url, url)
        return
    moved = ours._replace(path=theirs.path).geturl()
    ways = [Address(moved, moved), Address(url, url), Address(url, endpoint_url)]
    if secure and theirs.hostname == ours.hostname and theirs.port not in (None, ours.port):
        ways.append(Address(endpoint_url, endpoint_url))
    yield from dict.fromkeys(ways)


def _split(url: str) -> SplitResult | None:
    """Give the parts of an address that a server told; None when it cannot be used as one."""
    try:
        parts = urlsplit(url)
        usable = parts.hostname and parts.port != 0
    except ValueError:
        return None
    return parts if usable else None


def in_words(error: SourceError, client: LinkClient, clock: Clock) -> SourceError:
    """Say by how much the clocks differ where the server refuses because of a time."""
    if error.reason != "clock-refused":
        return error
    words = clock_words(client.server_time, clock.now())
    return type(error)(error.reason, f"{error.detail}; {words}")
