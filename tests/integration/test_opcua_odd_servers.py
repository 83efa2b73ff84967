"""Servers of the field that do otherwise than the books say: read, or refused with a reason."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from adapters.opcua.config import OpcUaItem, OpcUaSource
from adapters.opcua.library import ua
from adapters.opcua.link import close, connect
from adapters.opcua.probe import probe
from adapters.opcua.trust import Decision, TrustStore
from gateway.core.clock import SystemClock
from gateway.core.errors import SourceRejected
from gateway.ops.health import DeviceState
from tests.services.certificates import ODD
from tests.services.node_opcua import URI
from tests.services.odd_opcua import Odd, behaving, greeter, odd_server
from tests.services.opcua_peer import Running, running, source

CODES = ua.StatusCodes
BEST = "Basic256Sha256"
OUTDATED = ["Basic256", "Basic128Rsa15"]
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Odd]:
    async with odd_server(tmp_path_factory.mktemp("odd")) as made:
        yield made


async def one_connection(made: OpcUaSource) -> str:
    link = await connect(made, SystemClock())
    await close(link)
    return str(link.choice)


async def refusal(made: OpcUaSource) -> SourceRejected:
    with pytest.raises(SourceRejected) as caught:
        await one_connection(made)
    return caught.value


def trust_all(made: OpcUaSource) -> None:
    store = TrustStore(made.trust_folder)
    for entry in store.entries():
        store.decide(entry, Decision.TRUSTED)


async def trusted(url: str, folder: Path, **changes: Any) -> OpcUaSource:
    made = source(url, folder, ["T0"], unsafe=False, **changes)
    assert (await refusal(made)).reason == "certificate-unknown"
    trust_all(made)
    return made


def state(run: Running) -> DeviceState:
    return run.health.state


# ---- where the endpoint is


async def test_endpoints_are_found_under_discovery_where_the_address_takes_protection_alone(
    shared: Odd, tmp_path: Path
) -> None:
    def refuse(path: str, policy: str) -> int | None:
        plain = policy == "None" and not path.endswith("/discovery")
        return int(CODES.BadSecurityPolicyRejected) if plain else None

    policies = ["None", BEST]
    async with (
        behaving(shared, policies=policies) as server,
        greeter(server.port, refuse) as relay,
    ):
        made = await trusted(f"{relay.url}/UA/Line", tmp_path)
        assert await one_connection(made) == "SignAndEncrypt Basic256Sha256"
        assert relay.seen[-1] == ("/UA/Line", "Basic256Sha256")
        assert ("/UA/Line/discovery", "None") in relay.seen


async def test_behind_a_translating_router_host_and_port_stay_and_the_path_is_the_endpoints(
    shared: Odd, tmp_path: Path
) -> None:
    inside = "opc.tcp://plc-hall-3.invalid:4840/UA/Line"
    async with (
        behaving(shared, endpoint_url=inside) as server,
        greeter(server.port, lambda *_: None) as relay,
    ):
        made = source(relay.url, tmp_path, ["T0"])
        assert await one_connection(made) == "None"
        assert relay.seen == [("", "None"), ("/UA/Line", "None")]
        async with running(made) as run:
            await run.until(lambda: run.intake.count() == 1)


async def test_an_endpoints_path_that_is_not_known_leaves_the_written_one(
    shared: Odd, tmp_path: Path
) -> None:
    def refuse(path: str, _policy: str) -> int | None:
        return int(CODES.BadTcpEndpointUrlInvalid) if path == "/wrong" else None

    wrong = "opc.tcp://127.0.0.1:1/wrong"
    async with (
        behaving(shared, endpoint_url=wrong) as server,
        greeter(server.port, refuse) as relay,
    ):
        assert await one_connection(source(relay.url, tmp_path, ["T0"])) == "None"
        assert [path for path, _ in relay.seen] == ["", "/wrong", ""]


async def test_a_server_that_knows_no_name_of_itself_is_said_to_be_elsewhere(
    shared: Odd, tmp_path: Path
) -> None:
    def refuse(_path: str, _policy: str) -> int | None:
        return int(CODES.BadTcpEndpointUrlInvalid)

    async with behaving(shared) as server, greeter(server.port, refuse) as relay:
        assert (await refusal(source(relay.url, tmp_path, ["T0"]))).reason == "address-refused"


# ---- sessions without endpoints


@pytest.mark.parametrize("told", [None, []])
async def test_a_session_without_endpoints_is_taken_where_the_file_names_the_protection(
    shared: Odd, tmp_path: Path, told: Any
) -> None:
    async with (
        behaving(shared, session_endpoints=told) as server,
        running(source(server.url, tmp_path, ["T0", "T1"])) as run,
    ):
        await run.until(lambda: run.intake.count() == 2)


@pytest.mark.parametrize("told", [None, []])
async def test_a_session_without_endpoints_is_asked_about_where_the_file_names_nothing(
    shared: Odd, tmp_path: Path, told: Any
) -> None:
    async with behaving(shared, policies=[BEST], session_endpoints=told) as server:
        made = await trusted(server.url, tmp_path)
        error = await refusal(made)
        assert error.reason == "session-without-endpoints"
        assert "SignAndEncrypt Basic256Sha256" in error.detail
        named = source(server.url, tmp_path, ["T0"], unsafe=False, mode="SignAndEncrypt")
        assert await one_connection(named) == "SignAndEncrypt Basic256Sha256"


async def test_a_session_whose_list_lacks_the_endpoint_in_use_is_asked_about_too(
    shared: Odd, tmp_path: Path
) -> None:
    other = ua.EndpointDescription(
        EndpointUrl="opc.tcp://h:1",
        SecurityMode=ua.MessageSecurityMode.Sign,
        SecurityPolicyUri="http://opcfoundation.org/UA/SecurityPolicy#Basic256Sha256",
    )
    async with behaving(shared, policies=[BEST], session_endpoints=[other]) as server:
        error = await refusal(await trusted(server.url, tmp_path))
        assert error.reason == "session-without-endpoints"


# ---- certificates and policies


@pytest.mark.parametrize(
    "fault",
    [
        "a default value that is spelled out",
        "times without seconds",
        "a serial number below zero",
        "an extension that stands there twice",
        "lengths in more bytes than needed",
    ],
)
async def test_a_certificate_with_a_fault_is_accepted_by_its_fingerprint_and_values_flow(
    shared: Odd, tmp_path: Path, fault: str
) -> None:
    raw = ODD[fault]()
    async with behaving(shared, policies=[BEST], certificate=raw) as server:
        made = source(server.url, tmp_path, ["T0"], unsafe=False)
        assert (await refusal(made)).reason in {"certificate-malformed", "certificate-unknown"}
        trust_all(made)
        async with running(made) as run:
            await run.until(lambda: run.intake.count() == 1)
            assert run.health.security == "SignAndEncrypt Basic256Sha256"


@pytest.mark.parametrize("more", [[], ["None"]])
async def test_withdrawn_policies_alone_are_refused_by_name(
    shared: Odd, tmp_path: Path, more: list[Any]
) -> None:
    async with behaving(shared, policies=[*OUTDATED, *more]) as server:
        found = await probe(source(server.url, tmp_path, ["T0"], unsafe=False))
        assert [finding.status for finding in found] == ["policy-outdated"]
        assert "SignAndEncrypt Basic256" in found[0].detail
        assert "Sign Basic128Rsa15" in found[0].detail


# ---- clocks


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (timedelta(hours=9), "its clock is 9 h ahead of ours"),
        (timedelta(days=-3), "its clock is 3 d behind ours"),
        (timedelta(), "same time as ours"),
    ],
)
async def test_a_server_that_refuses_our_time_is_a_matter_of_clocks_and_says_by_how_much(
    shared: Odd, tmp_path: Path, ahead: timedelta, words: str
) -> None:
    async with behaving(shared, ahead=ahead, refuse_times=True) as server:
        (found,) = await probe(source(server.url, tmp_path, ["T0"]))
        assert found.status == "clock-refused"
        assert words in found.detail.replace("8 h 59 min", "9 h").replace("2 d 23 h", "3 d")
        assert "BadInvalidTimestamp" in found.detail


# ---- limits and what is granted


@pytest.mark.parametrize("most", [20, 7, 1])
async def test_limits_that_nobody_told_are_found_by_check_live_and_by_running(
    shared: Odd, tmp_path: Path, most: int
) -> None:
    names = [f"T{number}" for number in range(15)]
    async with behaving(shared, most=most) as server:
        made = source(server.url, tmp_path, names)
        assert [finding.status for finding in await probe(made)] == ["good"] * 15
        async with running(made) as run:
            await run.until(lambda: run.intake.count() == 15)


def fast(url: str, folder: Path) -> OpcUaSource:
    return source(url, folder, ["T0", "T1"], sampling_s=0.1, queue=100, publishing_s=1.0)


async def test_a_server_that_grants_less_is_told_by_check_live_and_status(
    shared: Odd, tmp_path: Path
) -> None:
    async with behaving(shared, granted=(1000.0, 1)) as server:
        made = fast(server.url, tmp_path)
        words = "asked 100 ms x 100, granted 1 s x 1"
        found = await probe(made)
        assert {(each.status, each.detail) for each in found} == {("granted-less", words)}
        async with running(made) as run:
            await run.until(lambda: run.intake.count() == 2)
            assert run.health.state is DeviceState.PARTLY
            assert {name: bad.detail for name, bad in run.health.bad.items()} == {
                "T0": words, "T1": words,
            }  # fmt: skip
            assert {bad.reason for bad in run.health.bad.values()} == {"granted-less"}


async def test_a_server_that_rounds_a_little_is_fine(shared: Odd, tmp_path: Path) -> None:
    async with behaving(shared, granted=(125.0, 50)) as server:
        made = fast(server.url, tmp_path)
        assert all(finding.good for finding in await probe(made))
        async with running(made) as run:
            await run.until(lambda: run.intake.count() == 2)
            assert run.health.state is DeviceState.GOOD


async def test_a_longer_publishing_is_a_note_until_the_queue_does_not_hold_it(
    shared: Odd, tmp_path: Path
) -> None:
    async with behaving(shared, publishing_ms=5_000.0) as server:
        made = fast(server.url, tmp_path)
        async with running(made) as run:
            await run.until(lambda: run.up)
            assert run.health.state is DeviceState.GOOD
            assert "publishing 5 s instead of 1 s" in run.health.note
    async with behaving(shared, publishing_ms=5_000.0, granted=(100.0, 20)) as server:
        assert [each.status for each in await probe(fast(server.url, tmp_path))] == [
            "granted-less"
        ] * 2


# ---- values that are no values


async def test_a_tag_without_a_usable_value_is_seen_and_a_good_value_takes_it_back(
    shared: Odd, tmp_path: Path
) -> None:
    async with behaving(shared) as server:
        await server.write("T0", None, CODES.BadWaitingForInitialData)
        made = source(server.url, tmp_path, ["T0", "T1"])
        found = {finding.index: finding.status for finding in await probe(made)}
        assert found == {0: "BadWaitingForInitialData", 1: "good"}
        async with running(made) as run:
            await run.until(lambda: run.health.bad)
            assert run.health.bad["T0"].reason == "BadWaitingForInitialData"
            assert state(run) is DeviceState.PARTLY
            await server.write("T0", 4.0)
            await run.until(lambda: not run.health.bad)
            assert state(run) is DeviceState.GOOD
            await server.write("T1", 4.0, CODES.BadSensorFailure)
            await run.until(lambda: run.health.bad)
            assert run.health.bad["T1"].reason == "BadSensorFailure"


# ---- ids as people paste them


async def test_ids_of_controls_are_read_as_pasted(shared: Odd, tmp_path: Path) -> None:
    names = ['"DB_1"."Temp"', "/Channel/Parameter/R[u1,1]", "Sym|var", "Motor #1.Speed"]
    async with behaving(shared) as server:
        index = await server.server.get_namespace_index(URI)
        addresses = [f"ns={index};s={name}" for name in names]
        made = source(server.url, tmp_path, ["a", "b", "c", "d"], addresses=addresses)
        assert [finding.status for finding in await probe(made)] == ["good"] * 4
        assert made.items[0] == OpcUaItem(0, f'ns={index};s="DB_1"."Temp"', 0.0, 1000)
        async with running(made) as run:
            await run.until(lambda: run.intake.count() == 4)
