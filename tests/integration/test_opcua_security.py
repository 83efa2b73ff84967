"""Trust, policies and logins against node-opcua. One server for the file: it keeps no state."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from adapters.opcua.config import OpcUaSource
from adapters.opcua.link import close, connect
from adapters.opcua.security import choose
from adapters.opcua.trust import Decision, TrustStore
from gateway.core.clock import SystemClock
from gateway.core.errors import SourceRejected
from tests.services.node_opcua import NodeServer, node_server
from tests.services.opcua_peer import proxy_to, running, source

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]
POLICIES = ("Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss")
USERS = {"gateway": "geheim-열쇠"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("secure")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(folder: Path) -> AsyncIterator[NodeServer]:
    async with node_server(folder, count=2, secure=True, users=USERS, anonymous=True) as made:
        yield made


async def one_connection(made: OpcUaSource) -> str:
    link = await connect(made, SystemClock())
    await close(link)
    return str(link.choice)


async def trusted(server: NodeServer, folder: Path, **changes: Any) -> OpcUaSource:
    """Give a source whose server was accepted by a person."""
    made = source(server.url, folder, ["D0"], unsafe=False, **changes)
    try:
        await one_connection(made)
    except SourceRejected:
        store = TrustStore(made.trust_folder)
        for entry in store.entries():
            store.decide(entry, Decision.TRUSTED)
    return made


async def refusal(made: OpcUaSource) -> SourceRejected:
    with pytest.raises(SourceRejected) as caught:
        await one_connection(made)
    return caught.value


async def test_an_unknown_server_is_not_read_until_a_person_accepts_it(
    server: NodeServer, tmp_path: Path
) -> None:
    made = source(server.url, tmp_path, ["D0"], unsafe=False)
    async with running(made) as run:
        await run.until(lambda: run.errors)
        assert run.errors[0].reason == "certificate-unknown"
        assert run.intake.count() == 0
        store = TrustStore(made.trust_folder)
        (entry,) = store.entries()
        assert entry.sidecar.url == server.url
        assert entry.fingerprint in run.errors[0].detail
        store.decide(entry, Decision.TRUSTED)
        await run.until(lambda: run.intake.count() == 1)  # without a restart of anything
        assert run.health.security == "SignAndEncrypt Aes256_Sha256_RsaPss"
        store.decide(store.entries()[0], Decision.REJECTED)
    assert (await refusal(made)).reason == "certificate-unknown"


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("mode", ["Sign", "SignAndEncrypt"])
async def test_values_flow_under_every_policy_and_mode(
    server: NodeServer, folder: Path, policy: str, mode: str
) -> None:
    made = await trusted(server, folder, policy=policy, mode=mode, user="gateway")
    made = source(
        server.url,
        folder,
        ["D0", "D1"],
        unsafe=False,
        policy=policy,
        mode=mode,
        user="gateway",
        password=USERS["gateway"],
    )
    async with running(made) as run:
        await run.until(lambda: run.intake.count() == 2)
        assert run.health.security == f"{mode} {policy}"
        await server.ask("beat")
        await run.until(lambda: run.intake.count() == 4)
        assert not run.errors


async def test_a_wrong_password_needs_a_person(server: NodeServer, folder: Path) -> None:
    made = await trusted(server, folder, user="gateway", password="wrong")
    assert (await refusal(made)).reason == "login-refused"


async def test_no_protection_needs_the_word_unsafe(server: NodeServer, folder: Path) -> None:
    made = source(server.url, folder, ["D0"], unsafe=False, mode="None", policy="None")
    assert (await refusal(made)).reason == "security-none"
    made = source(server.url, folder, ["D0"], unsafe=True, mode="None", policy="None")
    assert await one_connection(made) == "None"


async def test_what_the_server_does_not_offer_is_named(server: NodeServer, folder: Path) -> None:
    made = source(server.url, folder, ["D0"], mode="Sign", policy="Basic256")
    error = await refusal(made)
    assert error.reason == "security-not-offered"
    assert "SignAndEncrypt Basic256Sha256" in error.detail


async def test_a_server_that_does_not_know_us_says_so_and_we_say_what_to_do(
    tmp_path: Path,
) -> None:
    async with node_server(tmp_path, count=1, secure=True, acceptUnknown=False) as strict:
        made = await trusted(strict, tmp_path)
        error = await refusal(made)
        assert error.reason == "own-certificate-refused"


class _Endpoint:
    """What GetEndpoints gives, as far as `choose` looks at it."""

    def __init__(self, mode: Any, policy: str, tokens: Any = ()) -> None:
        self.SecurityMode = mode
        self.SecurityPolicyUri = f"http://opcfoundation.org/UA/SecurityPolicy#{policy}"
        self.EndpointUrl = "opc.tcp://plc:4840"
        self.ServerCertificate = b"\x30\x03abc"
        self.UserIdentityTokens = tokens


async def test_the_best_protection_is_taken_and_old_policies_never(tmp_path: Path) -> None:
    from adapters.opcua.library import ua

    modes = ua.MessageSecurityMode
    offered = [
        _Endpoint(modes.None_, "None"),
        _Endpoint(modes.SignAndEncrypt, "Basic128Rsa15"),
        _Endpoint(modes.Sign, "Aes256_Sha256_RsaPss"),
        _Endpoint(modes.SignAndEncrypt, "Aes128_Sha256_RsaOaep"),
        _Endpoint(modes.SignAndEncrypt, "Basic256Sha256"),
    ]
    made = source("opc.tcp://plc:4840", tmp_path, ["D0"], unsafe=True)
    assert str(choose(offered, made)) == "SignAndEncrypt Basic256Sha256"
    safe = source("opc.tcp://plc:4840", tmp_path, ["D0"], unsafe=False)
    with pytest.raises(SourceRejected, match="security-none"):
        choose(offered[:1], safe)
    with pytest.raises(SourceRejected, match=r"policy-outdated: .*SignAndEncrypt Basic128Rsa15"):
        choose(offered[:2], safe)


async def test_a_password_is_never_sent_in_clear(tmp_path: Path) -> None:
    from adapters.opcua.library import ua
    from adapters.opcua.security import check_login

    token = ua.UserTokenPolicy(
        PolicyId="u",
        TokenType=ua.UserTokenType.UserName,
        SecurityPolicyUri="http://opcfoundation.org/UA/SecurityPolicy#None",
    )
    sign = [_Endpoint(ua.MessageSecurityMode.Sign, "Basic256Sha256", [token])]
    made = source("opc.tcp://plc:4840", tmp_path, ["D0"], unsafe=False, user="u", password="p")
    with pytest.raises(SourceRejected, match="password-in-clear"):
        check_login(made, choose(sign, made))
    sealed = [_Endpoint(ua.MessageSecurityMode.SignAndEncrypt, "Basic256Sha256", [token])]
    check_login(made, choose(sealed, made))


async def test_the_channels_keys_are_renewed_and_a_cut_session_is_taken_up_again(
    server: NodeServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.opcua.link.CHANNEL_LIFE_MS", 6_000)
    await trusted(server, folder)
    async with proxy_to(server.port) as proxy:
        made = source(proxy.url, folder, ["D0", "D1"], unsafe=False)
        async with running(made) as run:
            await run.until(lambda: run.intake.count() == 2)
            renewals = proxy.sent.count(b"OPNF")
            await server.ask("rate", ms=50)
            await run.until(lambda: proxy.sent.count(b"OPNF") >= renewals + 2)
            assert run.errors == []
            proxy.cut()
            await run.until(lambda: run.health.connects == 2)
            seen = run.intake.count()
            await run.until(lambda: run.intake.count() > seen + 20)
            await server.ask("rate", ms=0)
        values = run.intake.values("D0")
        assert values == [values[0] + n for n in range(len(values))]
        assert run.intake.gaps == []
