from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from argon2 import PasswordHasher

from gateway.api import guard, server
from gateway.api.users import Role, User, users_text
from gateway.core.types import UnixNs
from gateway.ops.health import Health
from tests.integration.api_parts import Running, b64, served
from tests.unit.aas.parts import BASE, submodel_id

CANARY = "canary-SECRET-4711"
HASH = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(CANARY)
USERS = (User("viewer", Role.VIEWER, HASH), User("operator", Role.OPERATOR, HASH))
SUBMODEL = b64(submodel_id("press-01", "OperationalData"))
SHELL = b64(f"{BASE}/aas/press-01")
READING = (
    "/readyz",
    "/metrics",
    "/api/status",
    "/api/live",
    "/api/trace?device=press-01&name=State",
    "/shells",
    f"/shells/{SHELL}",
    f"/shells/{SHELL}/asset-information",
    f"/shells/{SHELL}/submodel-refs",
    "/submodels",
    f"/submodels/{SUBMODEL}",
    f"/submodels/{SUBMODEL}/$value",
    f"/submodels/{SUBMODEL}/submodel-elements",
    f"/submodels/{SUBMODEL}/submodel-elements/State",
    f"/submodels/{SUBMODEL}/submodel-elements/State/$value",
    "/concept-descriptions",
    "/api/v3.1/shells",
    "/no-such-route",
)


@pytest.fixture
async def locked(tmp_path: Path) -> AsyncIterator[Running]:
    async with served(tmp_path, USERS) as made:
        await made.store()
        yield made


@pytest.fixture
async def unlocked(tmp_path: Path) -> AsyncIterator[Running]:
    async with served(tmp_path) as made:
        yield made


def login(name: str) -> tuple[str, str]:
    return name, CANARY


async def test_every_route_asks_for_the_role_it_needs(locked: Running) -> None:
    """Route by role: nobody, viewer, operator."""
    for path in READING:
        assert (await locked.get(path)).status_code == 401, path
        for name in ("viewer", "operator"):
            answer = await locked.get(path, auth=login(name))
            assert answer.status_code in {200, 404}, (path, name)
    event = {"solution": "MES", "event": "login"}
    url = f"{locked.server.url}/usage"
    assert (await locked.client.post(url, json=event)).status_code == 401
    for name, status in (("viewer", 403), ("operator", 201)):
        answer = await locked.client.post(url, json=event, auth=login(name))
        assert answer.status_code == status
    assert (await locked.get("/healthz")).status_code == 200


async def test_a_refused_login_says_nothing_of_users_and_carries_no_stack(locked: Running) -> None:
    known = await locked.get("/shells", auth=("viewer", "wrong"))
    unknown = await locked.get("/shells", auth=("stranger", "wrong"))
    assert known.status_code == unknown.status_code == 401
    assert known.json()["messages"][0]["text"] == unknown.json()["messages"][0]["text"]
    assert known.headers["www-authenticate"].startswith("Basic")


async def test_a_guessing_client_is_made_to_wait(locked: Running) -> None:
    for _ in range(10):
        await locked.get("/shells", auth=("viewer", "wrong"))
    answer = await locked.get("/shells", auth=login("viewer"))
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert (await locked.get("/healthz")).status_code == 200


async def test_no_secret_is_in_any_answer_or_file_but_its_own(
    locked: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    token = json.loads((locked.data / "run.json").read_text())["token"]
    hidden = (CANARY, HASH, HASH.rsplit("$", 1)[-1])
    for path in (*READING, "/healthz"):
        wrong = [("viewer", "wrong")] if path == "/shells" else []
        for auth in (None, login("viewer"), *wrong):
            answer = await locked.get(path, auth=auth)
            text = answer.text + str(answer.headers)
            assert not [word for word in (*hidden, token) if word in text], path
    written = capsys.readouterr()
    assert CANARY not in written.err + written.out


async def test_the_file_for_the_command_line_is_for_its_owner_only(tmp_path: Path) -> None:
    async with served(tmp_path, USERS) as running:
        path = tmp_path / "run.json"
        assert path.stat().st_mode & 0o777 == 0o600
        content = json.loads(path.read_text())
        assert (content["pid"], content["url"]) == (os.getpid(), running.server.url)
        header = {"authorization": f"Bearer {content['token']}"}
        assert (await running.get("/api/status", headers=header)).status_code == 200
        wrong = {"authorization": f"Bearer {content['token']}x"}
        assert (await running.get("/api/status", headers=wrong)).status_code == 401
    assert not path.exists()


async def test_a_foreign_host_name_is_not_answered_without_users(unlocked: Running) -> None:
    """DNS rebinding: a page of evil.example must not read through a name of its own."""
    for host, status in (("evil.example", 421), ("evil.example:8080", 421), ("localhost:1", 200)):
        answer = await unlocked.get("/api/status", headers={"host": host})
        assert answer.status_code == status, host


async def test_scripts_of_other_sites_can_neither_write_nor_read(unlocked: Running) -> None:
    url = f"{unlocked.server.url}/usage"
    event = {"solution": "MES", "event": "login"}
    foreign = {"origin": "https://evil.example"}
    assert (await unlocked.client.post(url, json=event, headers=foreign)).status_code == 403
    plain = await unlocked.client.post(url, content=b"{}", headers={"content-type": "text/plain"})
    assert plain.status_code == 415
    answer = await unlocked.get("/shells", headers=foreign)
    assert "access-control-allow-origin" not in answer.headers
    preflight = await unlocked.client.options(url, headers=foreign)
    assert preflight.status_code == 403


async def test_a_site_that_is_named_may_read(tmp_path: Path) -> None:
    origin = "https://viewer.example"
    async with served(tmp_path, USERS, origins=[origin]) as running:
        preflight = await running.client.options(
            f"{running.server.url}/shells", headers={"origin": origin}
        )
        assert preflight.status_code == 204
        assert "authorization" in preflight.headers["access-control-allow-headers"]
        answer = await running.get("/shells", headers={"origin": origin}, auth=login("viewer"))
        assert answer.headers["access-control-allow-origin"] == origin
        assert "Origin" in answer.headers["vary"]


async def test_security_headers_are_on_every_answer(unlocked: Running) -> None:
    for path in ("/healthz", "/shells", "/nope"):
        headers = (await unlocked.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "server" not in headers


async def test_without_users_only_loopback_is_served_and_health_says_why(tmp_path: Path) -> None:
    health = Health(UnixNs(1))
    with pytest.raises(ExceptionGroup) as caught:
        async with served(tmp_path, listen="0.0.0.0:0", change={"health": health}, patience_s=0.3):
            pytest.fail("it was served")
    assert caught.group_contains(TimeoutError)
    assert "gateway users add" in health.api_note


async def test_a_taken_port_stops_nothing_and_is_served_when_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "BIND_AGAIN_S", 0.05)
    taken = socket.create_server(("127.0.0.1", 0))
    port = taken.getsockname()[1]
    health = Health(UnixNs(1))

    async def free_once_it_was_told() -> None:
        while "in use" not in health.api_note:
            await asyncio.sleep(0.01)
        taken.close()

    told = asyncio.create_task(free_once_it_was_told())
    async with served(tmp_path, listen=f"127.0.0.1:{port}", change={"health": health}) as running:
        await told
        assert health.api_note == ""
        assert (await running.get("/healthz")).status_code == 200


@pytest.mark.invariant("I9")
async def test_a_body_over_a_mebibyte_is_refused_declared_or_not(unlocked: Running) -> None:
    url = f"{unlocked.server.url}/usage"
    headers = {"content-type": "application/json"}
    large = b"x" * (guard.BODY_MAX + 1)
    declared = await unlocked.client.post(url, content=large, headers=headers)
    assert declared.status_code == 413

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(17):
            yield b"x" * 65_536

    undeclared = await unlocked.client.post(url, content=parts(), headers=headers)
    assert undeclared.status_code == 413


async def test_a_body_that_never_ends_is_given_up(
    unlocked: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "BODY_DEADLINE_S", 0.2)
    host, port = unlocked.server.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        b"POST /usage HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        b"content-length: 100\r\n\r\n{"
    )
    async with asyncio.timeout(60):
        assert (await reader.readline()).split()[1] == b"408"
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize("sent", [b"", b"GET /healthz HTTP/1.1\r\nhost: loc"])
async def test_a_head_that_never_ends_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(server, "HEADER_DEADLINE_S", 0.2)
    async with served(tmp_path) as running:
        host, port = running.server.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(sent)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            async with asyncio.timeout(60):
                await reader.readexactly(1)
        writer.close()
        assert (await running.get("/healthz")).status_code == 200


async def test_a_slow_client_does_not_hold_up_others(unlocked: Running) -> None:
    async def ask() -> int:
        return (await unlocked.get("/submodels")).status_code

    host, port = unlocked.server.url.removeprefix("http://").split(":")
    pairs = [await asyncio.open_connection(host, int(port)) for _ in range(20)]
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        tasks = [group.create_task(ask()) for _ in range(20)]
    assert {task.result() for task in tasks} == {200}
    for _, writer in pairs:
        writer.close()


async def test_stopping_answers_what_is_under_way_and_leaves_signals_alone(tmp_path: Path) -> None:
    import signal

    before = signal.getsignal(signal.SIGTERM)
    async with served(tmp_path) as running:
        assert signal.getsignal(signal.SIGTERM) is before
        assert (await running.get("/healthz")).status_code == 200
        url = running.server.url
    async with httpx.AsyncClient() as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(f"{url}/healthz")


async def test_users_are_changed_while_the_service_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "USERS_AGAIN_S", 0.05)
    async with served(tmp_path, USERS) as running:
        assert (await running.get("/shells", auth=login("viewer"))).status_code == 200
        (tmp_path / "users.yaml").write_text(users_text([User("operator", Role.VIEWER, HASH)]))
        async with asyncio.timeout(60):
            while (await running.get("/shells", auth=login("viewer"))).status_code != 401:
                await asyncio.sleep(0.05)
        posted = await running.client.post(
            f"{running.server.url}/usage",
            json={"solution": "MES", "event": "x"},
            auth=login("operator"),
        )
        assert posted.status_code == 403


async def test_a_users_file_that_is_missing_opens_nothing(tmp_path: Path) -> None:
    health = Health(UnixNs(1))
    with pytest.raises(ExceptionGroup) as caught:
        async with served(
            tmp_path, USERS, change={"health": health}, patience_s=0.3, break_users=True
        ):
            pytest.fail("it was served")
    assert caught.group_contains(TimeoutError)
    assert "users.yaml" in health.api_note
