"""Claims about the receiver on a socket: eight real programs, limits of time and number."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from gateway.usage.config import NormalConfig
from gateway.usage.model import Event, Raw
from gateway.usage.normal.normalise import make_normaliser
from gateway.usage.receiver import connection, server
from gateway.usage.receiver.server import Receiver, peer_of
from tests.integration.usage_receiver_parts import CONFIG, Client, ask, client_of, running, until
from tests.unit.usage.receiver.styles import NO_LENGTH, ORIGIN, RECORD, STYLES
from tests.unit.usage.receiver.support import (
    FakeIntake,
    FixedClock,
    assert_no_canary,
    form,
    result_of,
)

SIX = "/apisvc/sendLogData.json"
JSON = STYLES["json"]


def keep_alive_post(body: str) -> bytes:
    sent = body.encode()
    return b"POST %s HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s" % (SIX.encode(), len(sent), sent)


def normal(raw: Raw) -> tuple[object, ...]:
    """Give what is sent of an event."""
    event = make_normaliser(NormalConfig(salt=bytes(range(32))))(raw)
    assert isinstance(event, Event)
    return (event.at, event.log_dt, event.use_se, event.user, event.address, event.amount)


async def test_eight_real_programs_are_normalised_identically() -> None:
    intake = FakeIntake()
    async with running(intake) as receiver:
        for data in STYLES.values():
            answer = await ask(receiver.url, data.replace(b"Expect: ", b"X: "), half_close=True)
            assert result_of(answer.body)["recptnRsltCd"] == "AP1001"
    events = {normal(raw) for raw in intake.raws}
    assert len(intake.raws) == 8
    ((at, log_dt, use_se, user, address, amount),) = events
    assert (log_dt, use_se, address, amount) == (
        "2026-11-26 09:12:33.045", "DO6001", "192.168.0.21", 1024,
    )  # fmt: skip
    assert at == 1_795_651_953_045_000_000
    assert "김" not in str(user)


async def test_a_loopback_address_becomes_that_of_the_caller() -> None:
    intake = FakeIntake()
    async with running(intake, listen="0.0.0.0:0") as receiver:
        await ask(receiver.url, keep_alive_post(form(conectIp="::1")))
    event = make_normaliser(NormalConfig(salt=bytes(range(32))))(
        replace(intake.raws[0], peer="10.1.2.3")
    )
    assert isinstance(event, Event)
    assert event.address == "10.1.2.3"


@pytest.mark.parametrize("style", STYLES)
async def test_eight_real_programs_are_accepted_alike(style: str) -> None:
    intake = FakeIntake()
    async with running(intake) as receiver, client_of(receiver.url) as client:
        await client.send(STYLES[style])
        if style == NO_LENGTH:
            client.writer.write_eof()
        answer = await client.answer()
        if answer.status == 100:
            answer = await client.answer()
    assert answer.status == 200
    result = result_of(answer.body)
    assert (result["recptnRsltCd"], result["recptnRsltDtl"]) == ("AP1001", "게이트웨이 접수")
    assert answer.body.startswith(b"<?xml") == (style == "xml")
    assert intake.raws[0].fields == RECORD
    assert intake.raws[0].peer == "127.0.0.1"
    assert_no_canary(intake.raws, answer)
    allowed = answer.headers.get("access-control-allow-origin")
    assert allowed == (ORIGIN if style == "browser-ajax-form" else None)


async def test_a_connection_serves_many_requests_and_pipelined_ones_in_order() -> None:
    intake = FakeIntake()
    async with running(intake) as receiver, client_of(receiver.url) as client:
        for number in range(5):
            answer = await client.ask(keep_alive_post(form(dataUsgqty=str(number))))
            assert answer.headers["connection"] == "keep-alive"
        await client.send(b"".join(keep_alive_post(form(dataUsgqty=str(n))) for n in range(5, 8)))
        for number in range(5, 8):
            assert (await client.answer()).headers["x-gateway-event"] == f"e{number + 1}"
    assert [raw.fields["dataUsgqty"] for raw in intake.raws] == [str(n) for n in range(8)]


async def test_a_client_that_asks_first_is_told_to_continue() -> None:
    head, _, body = STYLES["xml"].partition(b"\r\n\r\n")
    async with running(FakeIntake()) as receiver, client_of(receiver.url) as client:
        assert (await client.ask(head + b"\r\n\r\n")).status == 100
        assert (await client.ask(body)).status == 200


async def test_a_1_0_document_without_length_is_answered_while_the_client_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "QUIET_S", 0.05)
    intake = FakeIntake()
    requests = [
        b"POST %s HTTP/1.0\r\n\r\n" % SIX.encode() + JSON.partition(b"\r\n\r\n")[2],
        f"POST {SIX}?{form()} HTTP/1.0\r\n\r\n".encode(),
    ]
    async with running(intake) as receiver:
        for request in requests:
            assert result_of((await ask(receiver.url, request)).body)["recptnRsltCd"] == "AP1001"
    assert [raw.fields for raw in intake.raws] == [RECORD, RECORD]


async def test_half_a_form_without_length_is_never_taken_for_a_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "QUIET_S", 0.02)
    monkeypatch.setattr(connection, "REQUEST_S", 0.3)
    intake = FakeIntake()
    async with running(intake) as receiver:
        answer = await ask(receiver.url, f"POST {SIX} HTTP/1.0\r\n\r\n{form()[:-2]}".encode())
    assert answer.status == 411
    assert intake.raws == []


@pytest.mark.parametrize(
    ("sent", "status"),
    [(b"GARBAGE\r\n\r\n", 400), (b"GET / HTTP/2.0\r\n\r\n", 505), (b"\x16\x03\x01\x02\x00", 400),
     (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
     (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
     (b"POST / HTTP/1.1\r\nContent-Length: 70000\r\n\r\n" + b"a" * 70_000, 413),
     (b"GET /" + b"a" * 40_000, 414)],
)  # fmt: skip
async def test_what_is_refused_is_told_and_the_connection_ends(sent: bytes, status: int) -> None:
    async with running(FakeIntake()) as receiver, client_of(receiver.url) as client:
        answer = await client.ask(sent)
        assert answer.status == status
        assert answer.headers["connection"] == "close"
        assert await client.ended() == b""
        assert receiver.health.last_error.endswith("(127.0.0.1)")


async def test_a_client_that_sends_slowly_is_cut_and_others_are_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "REQUEST_S", 0.5)

    async def drip(url: str) -> bytes:
        async with client_of(url) as client, asyncio.TaskGroup() as group:
            ended = group.create_task(client.ended())
            for byte in JSON * 10:
                if ended.done():
                    break
                client.writer.write(bytes([byte]))
                await asyncio.sleep(0.01)
            return await ended

    async with running(FakeIntake()) as receiver, asyncio.TaskGroup() as group:
        slow = [group.create_task(drip(receiver.url)) for _ in range(10)]
        await until(lambda: receiver.health.connections == 10)
        assert (await ask(receiver.url, JSON)).status == 200
        told = [await task for task in slow]
    assert all(answer.startswith(b"HTTP/1.1 408 ") for answer in told)


async def test_a_client_that_says_nothing_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "IDLE_S", 0.05)
    async with running(FakeIntake()) as receiver, client_of(receiver.url) as client:
        assert await client.ended() == b""
        await until(lambda: receiver.health.connections == 0)


async def test_when_it_is_full_the_longest_idle_one_leaves() -> None:
    async with (
        running(FakeIntake(), limits={"connections_max": 3}) as receiver,
        client_of(receiver.url) as first,
        client_of(receiver.url) as second,
        client_of(receiver.url) as third,
    ):
        for client in (second, first, third):
            await client.ask(keep_alive_post(form()))
        async with client_of(receiver.url) as fourth:
            assert (await fourth.ask(keep_alive_post(form()))).status == 200
            assert await second.ended() == b""
            assert (await first.ask(keep_alive_post(form()))).status == 200
            assert receiver.health.connections == 3


async def test_a_crowd_that_connects_at_once_is_served_to_the_last() -> None:
    async with running(FakeIntake(), limits={"connections_max": 5}) as receiver:
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(ask(receiver.url, JSON)) for _ in range(60)]
        assert {task.result().status for task in asked} == {200}


async def test_silent_connections_make_room_when_they_had_their_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "FRESH_S", 0.05)
    async with (
        running(FakeIntake(), limits={"connections_max": 2}) as receiver,
        client_of(receiver.url),
        client_of(receiver.url),
    ):
        await until(lambda: receiver.health.connections == 2)
        assert (await ask(receiver.url, JSON)).status == 200


async def test_a_new_connection_keeps_its_place_until_its_request_had_time_to_come() -> None:
    async with (
        running(FakeIntake(), limits={"connections_max": 2}) as receiver,
        client_of(receiver.url) as first,
        client_of(receiver.url) as second,
    ):
        await until(lambda: receiver.health.connections == 2)
        async with client_of(receiver.url) as third:
            await third.send(JSON)
            await asyncio.sleep(0.05)
            for client in (first, second):
                assert (await client.ask(JSON)).status == 200
            assert (await third.answer()).status == 200


async def test_a_refusal_arrives_although_the_rest_of_the_request_was_not_wanted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "LINGER_S", 0.3)
    loop = asyncio.get_running_loop()
    async with running(FakeIntake()) as receiver:
        host, port = receiver.url.rpartition("//")[2].split(":")
        with socket.create_connection((host, int(port))) as raw:
            raw.setblocking(False)
            head = b"POST / HTTP/1.1\r\nContent-Length: 80000\r\n\r\n"
            await loop.sock_sendall(raw, head + b"a" * 80_000)
            await until(lambda: receiver.health.last_error)
            await until(lambda: receiver.health.connections == 0)
            assert (await loop.sock_recv(raw, 4_096)).startswith(b"HTTP/1.1 413 ")
            assert await loop.sock_recv(raw, 1) == b""  # a reset would take the answer on Windows


async def test_when_it_is_full_of_busy_ones_the_next_waits_for_its_turn() -> None:
    intake = FakeIntake(gate=asyncio.Event())
    assert intake.gate is not None
    async with (
        running(intake, limits={"connections_max": 2}) as receiver,
        client_of(receiver.url) as first,
        client_of(receiver.url) as second,
    ):
        for client in (first, second):
            await client.send(JSON)
        await until(lambda: receiver.health.requests == 2)
        async with client_of(receiver.url) as third:
            await third.send(JSON)
            await asyncio.sleep(0.05)
            assert (receiver.health.connections, receiver.health.requests) == (2, 2)
            intake.gate.set()
            for client in (first, second, third):
                assert (await client.answer()).status == 200


async def test_one_address_cannot_hold_every_connection() -> None:
    intake = FakeIntake(gate=asyncio.Event())
    assert intake.gate is not None
    async with running(intake, limits={"peer_connections_max": 2}) as receiver:
        async with client_of(receiver.url) as first, client_of(receiver.url) as second:
            for client in (first, second):
                await client.send(JSON)
            await until(lambda: receiver.health.requests == 2)
            refused = await ask(receiver.url, JSON)
            assert (refused.status, refused.headers["retry-after"]) == (503, "1")
            intake.gate.set()
            for client in (first, second):
                assert (await client.answer()).status == 200
        await until(lambda: receiver.health.connections == 0)
        assert (await ask(receiver.url, JSON)).status == 200


async def test_stopping_answers_what_has_come_and_sends_idle_ones_away() -> None:
    intake = FakeIntake()
    receiver = Receiver(CONFIG, intake, FixedClock())
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(receiver.run())
        await receiver.started.wait()
        url = receiver.url
        async with client_of(url) as idle, client_of(url) as half, client_of(url) as busy:
            await idle.ask(keep_alive_post(form()))
            intake.gate, intake.begun = asyncio.Event(), asyncio.Event()
            await busy.send(keep_alive_post(form()))
            await half.send(JSON[:-10])
            await intake.begun.wait()
            serving.cancel()
            assert await idle.ended() == b""
            with pytest.raises(OSError):
                await ask(url, JSON)
            assert not serving.done()
            await half.send(JSON[-10:])
            intake.gate.set()
            for client in (busy, half):
                answer = await client.answer()
                assert result_of(answer.body)["recptnRsltCd"] == "AP1001"
                assert answer.headers["connection"] == "close"
                assert await client.ended() == b""
    assert serving.cancelled()
    assert len(intake.raws) == 3
    assert (receiver.url, receiver.started.is_set()) == ("", False)


async def test_stopping_cuts_what_lasts_longer_than_the_grace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server, "GRACE_S", 0.05)
    intake = FakeIntake(gate=asyncio.Event())
    async with client_after(intake) as client:
        assert await client.ended() == b""
    assert intake.raws == []


@asynccontextmanager
async def client_after(intake: FakeIntake) -> AsyncIterator[Client]:
    """Give a client whose request is with the intake while the receiver has stopped."""
    receiver = Receiver(CONFIG, intake, FixedClock())
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(receiver.run())
        await receiver.started.wait()
        async with client_of(receiver.url) as client:
            await client.send(JSON)
            await intake.begun.wait()
            serving.cancel()
            yield client


async def test_a_taken_port_is_told_and_the_receiver_starts_when_it_is_free(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server, "BIND_AGAIN_S", 0.02)
    with socket.create_server(("127.0.0.1", 0)) as other:
        listen = f"127.0.0.1:{other.getsockname()[1]}"
        receiver = Receiver(replace(CONFIG, listen=listen), FakeIntake(), FixedClock())
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(receiver.run())
            await until(lambda: listen in receiver.health.notes)
            assert not receiver.started.is_set()
            other.close()
            await until(receiver.started.is_set)
            assert receiver.health.notes == {}
            assert (await ask(receiver.url, JSON)).status == 200
            serving.cancel()


@pytest.mark.parametrize("listen", ["127.0.0.1:http", "127.0.0.1:70000", "no.such.host.invalid:1"])
async def test_an_address_that_is_none_is_told(listen: str) -> None:
    receiver = Receiver(replace(CONFIG, listen=listen), FakeIntake(), FixedClock())
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(receiver.run())
        await until(lambda: receiver.health.notes.get(listen))
        serving.cancel()


async def test_the_answer_is_lost_with_the_client_and_the_record_is_kept() -> None:
    intake = FakeIntake(gate=asyncio.Event())
    assert intake.gate is not None
    async with running(intake) as receiver:
        async with client_of(receiver.url) as client:
            await client.send(JSON)
            await intake.begun.wait()
        intake.gate.set()
        await until(lambda: receiver.health.connections == 0)
        assert len(intake.raws) == 1
        assert (await ask(receiver.url, JSON)).status == 200


def test_an_address_is_written_as_ipv4_where_it_is_one() -> None:
    assert peer_of(("::ffff:192.168.0.7", 1, 0, 0)) == "192.168.0.7"
    assert peer_of(("fe80::1%eth0", 1, 0, 0)) == "fe80::1"
    assert peer_of(("10.0.0.1", 1)) == "10.0.0.1"


async def test_one_listener_takes_ipv4_and_ipv6() -> None:
    intake = FakeIntake()
    async with running(intake, listen="[::]:0") as receiver:
        port = receiver.url.rpartition(":")[2]
        for host in ("127.0.0.1", "::1"):
            await ask(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}", JSON)
    assert [raw.peer for raw in intake.raws] == ["127.0.0.1", "::1"]
