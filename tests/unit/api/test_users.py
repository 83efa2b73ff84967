from __future__ import annotations

import base64
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from gateway.api.users import (
    FAILURES_MAX,
    TRIES,
    WINDOW_S,
    Authenticator,
    Role,
    User,
    UsersError,
    UsersFile,
    hashed,
    parse_users,
    users_text,
)
from gateway.core.types import UnixNs

SECRET = "correct horse battery"
HASH = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(SECRET)
"""Real, but cheap to check: the tests check it often."""
TOKEN = "local-token"


class HandClock:
    """Time that a test moves; waiting is not needed here."""

    def __init__(self) -> None:
        self.at = 1_000.0

    def now(self) -> UnixNs:
        return UnixNs(int(self.at * 1e9))

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds


def basic(name: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


def authenticator(clock: HandClock | None = None) -> Authenticator:
    users = [User("kim", Role.VIEWER, HASH), User("mes", Role.OPERATOR, HASH)]
    return Authenticator(users, TOKEN, clock or HandClock())


@pytest.mark.parametrize(
    ("header", "role"),
    [
        (basic("kim", SECRET), Role.VIEWER),
        (f"Bearer mes.{SECRET}", Role.OPERATOR),
        (basic("kim", SECRET + "x"), None),
        (basic("kim", ""), None),
        (basic("nobody", SECRET), None),
        ("Bearer kim", None),
        ("Basic !!!", None),
        ("", None),
        ("Digest x", None),
    ],
)
async def test_only_the_right_secret_gives_a_role(header: str, role: Role | None) -> None:
    login = await authenticator().check(header, "10.0.0.9", loopback=False)
    assert login.role is role


async def test_the_local_token_works_from_this_machine_only() -> None:
    checker = authenticator()
    header = f"Bearer {TOKEN}"
    assert (await checker.check(header, "127.0.0.1", loopback=True)).role is Role.OPERATOR
    assert (await checker.check(header, "10.0.0.9", loopback=False)).role is None


async def test_after_ten_failures_even_the_right_password_waits() -> None:
    clock = HandClock()
    checker = authenticator(clock)
    for _ in range(TRIES):
        assert (await checker.check(basic("kim", "wrong"), "10.0.0.9", loopback=False)).wait_s == 0
    locked = await checker.check(basic("kim", SECRET), "10.0.0.9", loopback=False)
    assert locked.role is None
    assert locked.wait_s == WINDOW_S
    elsewhere = await checker.check(basic("kim", SECRET), "10.0.0.10", loopback=False)
    assert elsewhere.role is Role.VIEWER
    clock.at += WINDOW_S
    later = await checker.check(basic("kim", SECRET), "10.0.0.9", loopback=False)
    assert later.role is Role.VIEWER


async def test_remembered_failures_are_bounded() -> None:
    checker = authenticator()
    for number in range(FAILURES_MAX + 50):
        checker._note_failure((f"user{number}", "10.0.0.9"))
    assert len(checker._failures) == FAILURES_MAX


def test_a_users_file_reads_back() -> None:
    users = (User("kim", Role.VIEWER, HASH), User("mes", Role.OPERATOR, HASH))
    assert parse_users(users_text(users)) == users
    assert parse_users("") == ()


@pytest.mark.parametrize(
    "text",
    [
        "users: 1",
        "[]",
        "users:\n- {name: Kim, role: viewer, hash: $argon2id$x}",
        "users:\n- {name: kim, role: root, hash: $argon2id$x}",
        "users:\n- {name: kim, role: viewer, hash: plain-password}",
        "users:" + "\n- {name: kim, role: viewer, hash: $argon2id$x}" * 2,
        "users: [",
    ],
)
def test_a_wrong_users_file_is_refused_without_showing_a_hash(text: str) -> None:
    with pytest.raises(UsersError) as caught:
        parse_users(text)
    assert "argon2" not in str(caught.value)
    assert "plain-password" not in str(caught.value)


def test_a_hash_does_not_hold_the_password() -> None:
    first, second = hashed(SECRET), hashed(SECRET)
    assert first.startswith("$argon2id$")
    assert SECRET not in first
    assert first != second


async def test_a_file_without_users_lets_nobody_in() -> None:
    """Only a configuration without users is open, never an emptied file."""
    closed = Authenticator([], TOKEN, HandClock())
    assert (await closed.check("", "127.0.0.1", loopback=True)).role is None
    everybody = Authenticator(None, TOKEN, HandClock())
    assert (await everybody.check("", "127.0.0.1", loopback=True)).role is Role.OPERATOR


def test_a_broken_edit_of_the_users_file_keeps_those_who_were_known(tmp_path: Path) -> None:
    path = tmp_path / "users.yaml"
    path.write_text(users_text([User("kim", Role.VIEWER, HASH)]))
    file = UsersFile(path)
    assert file.read() is True
    assert file.read() is False
    path.write_text("users: [{name: kim}]")
    with pytest.raises(UsersError):
        file.read()
    assert [user.name for user in file.users] == ["kim"]
