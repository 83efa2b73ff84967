"""Who may use the HTTP side: users with hashed passwords in a file, and how a login is checked.

The file is YAML: `users:` with a list of `name`, `role` and `hash` (argon2id). A program sends the
same secret as `Authorization: Bearer NAME.SECRET`, or `Token` as clients of InfluxDB do.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

import yaml

from gateway.core.clock import Clock
from gateway.core.errors import GatewayError

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
PASSWORD_LENGTH_MIN = 10
SECRET_LENGTH_MAX = 256
USERS_MAX = 200

TRIES = 10
WINDOW_S = 300.0
FAILURES_MAX = 1_000
"""Failed logins are remembered for this many (user, address) pairs; older ones go first."""

REMEMBERED_S = 300.0
REMEMBERED_MAX = 200
"""A login that was right is not hashed again for a while: a dashboard asks every second."""

HASHES_AT_ONCE = 2
"""A hash costs 64 MiB and some 50 ms in a worker thread; more at once would starve collection."""


class UsersError(GatewayError):
    """The users file or an entry is invalid."""


class Role(IntEnum):
    """A higher role may do all that a lower one may."""

    VIEWER = 1
    OPERATOR = 2


@dataclass(frozen=True, slots=True)
class User:
    """One entry of the users file."""

    name: str
    role: Role
    hash: str


def parse_users(text: str) -> tuple[User, ...]:
    """Read a users file.

    Raises:
        UsersError: it is not what `gateway users` writes; names the entry, never its hash.
    """
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UsersError("users-file", "not YAML") from error
    entries = content.get("users") if isinstance(content, dict) else None
    if content is not None and not isinstance(entries, list):
        raise UsersError("users-file", "a list `users:` is missing")
    users = tuple(_user(place, entry) for place, entry in enumerate(entries or (), 1))
    if len({user.name for user in users}) != len(users):
        raise UsersError("users-file", "a name comes twice")
    if len(users) > USERS_MAX:
        raise UsersError("users-file", f"more than {USERS_MAX} users")
    return users


def _user(place: int, entry: Any) -> User:
    name = entry.get("name") if isinstance(entry, dict) else None
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise UsersError("users-file", f"entry {place} has no valid name")
    role, stored = str(entry.get("role", "")), str(entry.get("hash", ""))
    if role.upper() not in Role.__members__ or not stored.startswith("$argon2"):
        raise UsersError("users-file", f"{name}: role or hash is not valid")
    return User(name, Role[role.upper()], stored)


class UsersFile:
    """A users file that is read again when it has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self.users: tuple[User, ...] = ()

    def read(self) -> bool:
        """Read the file if it is another one than before; True when it was.

        Raises:
            UsersError, OSError: it cannot be used; `users` stay as they are.
        """
        found = self._path.stat()
        mark = (found.st_mtime_ns, found.st_size)
        if mark == self._seen:
            return False
        self.users = parse_users(self._path.read_text(encoding="utf-8"))
        self._seen = mark
        return True


def users_text(users: Iterable[User]) -> str:
    """Write a users file."""
    entries = [{"name": u.name, "role": u.role.name.lower(), "hash": u.hash} for u in users]
    return yaml.safe_dump({"users": entries}, sort_keys=False)


def hashed(secret: str) -> str:
    """Hash a password with argon2id (RFC 9106, the library's defaults)."""
    from argon2 import PasswordHasher

    return PasswordHasher().hash(secret)


@dataclass(frozen=True, slots=True)
class Login:
    """The outcome of a check: a role, or the seconds to wait before the next try."""

    name: str = ""
    role: Role | None = None
    wait_s: float = 0.0


class Authenticator:
    """Checks `Authorization` headers.

    Args:
        users: None means that nobody logs in and everybody here is an operator.
        token: the token of this process for the command line; works from loopback only.
        clock: for delays.
    """

    def __init__(self, users: Sequence[User] | None, token: str, clock: Clock) -> None:
        self.open = users is None
        self._users = {user.name: user for user in users or ()}
        self._token = token.encode()
        self._clock = clock
        self._failures: dict[tuple[str, str], list[float]] = {}
        self._right: dict[bytes, tuple[float, User]] = {}
        self._hashing = asyncio.Semaphore(HASHES_AT_ONCE)
        self._nobody: str | None = None

    def replace(self, users: Sequence[User]) -> None:
        """Take other users; who is no longer among them is out at once."""
        self._users = {user.name: user for user in users}

    async def check(self, header: str, address: str, *, loopback: bool) -> Login:
        """Tell who sends this header.

        Args:
            header: the value of `Authorization`, empty where there is none.
            address: of the client, for the delay after failures.
            loopback: the client is on this machine.
        """
        scheme, _, given = header.partition(" ")
        if scheme.lower() in {"bearer", "token"} and loopback and self._is_token(given.strip()):
            return Login("local", Role.OPERATOR)
        if self.open:
            return Login("local", Role.OPERATOR)
        name, secret = _credentials(scheme.lower(), given.strip())
        if not name:
            return Login()
        return await self._password(name, secret, address)

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self._token)

    async def _password(self, name: str, secret: str, address: str) -> Login:
        wait = self._locked_for((name, address))
        if wait > 0:
            return Login(name, None, wait)
        user = self._users.get(name)
        mark = hashlib.sha256(f"{name}\0{secret}".encode()).digest()
        remembered = self._right.get(mark)
        now = self._clock.monotonic()
        if remembered and remembered[1] == user and now - remembered[0] < REMEMBERED_S:
            return Login(name, remembered[1].role)
        if await self._verify(user, secret) and user is not None:
            self._remember(mark, user)
            self._failures.pop((name, address), None)
            return Login(name, user.role)
        self._note_failure((name, address))
        return Login(name)

    async def _verify(self, user: User | None, secret: str) -> bool:
        """Take the same time for a user that does not exist."""
        async with self._hashing:
            if user is None and self._nobody is None:
                self._nobody = await asyncio.to_thread(hashed, "nobody's password")
            stored = user.hash if user else self._nobody or ""
            return await asyncio.to_thread(_verified, stored, secret)

    def _remember(self, mark: bytes, user: User) -> None:
        while len(self._right) >= REMEMBERED_MAX:
            self._right.pop(next(iter(self._right)))
        self._right[mark] = (self._clock.monotonic(), user)

    def _locked_for(self, key: tuple[str, str]) -> float:
        now = self._clock.monotonic()
        recent = [at for at in self._failures.get(key, ()) if now - at < WINDOW_S]
        if len(recent) < TRIES:
            return 0.0
        return max(0.0, WINDOW_S - (now - recent[0]))

    def _note_failure(self, key: tuple[str, str]) -> None:
        now = self._clock.monotonic()
        recent = [at for at in self._failures.pop(key, ()) if now - at < WINDOW_S]
        while len(self._failures) >= FAILURES_MAX:
            self._failures.pop(next(iter(self._failures)))
        self._failures[key] = [*recent[-TRIES + 1 :], now]


def _verified(stored: str, secret: str) -> bool:
    from argon2 import PasswordHasher
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return PasswordHasher().verify(stored, secret)
    except (VerificationError, InvalidHashError):
        return False


def _credentials(scheme: str, given: str) -> tuple[str, str]:
    if scheme in {"bearer", "token"}:  # InfluxDB's clients say Token
        name, _, secret = given.partition(".")
    elif scheme == "basic":
        try:
            text = base64.b64decode(given, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        name, _, secret = text.partition(":")
    else:
        return "", ""
    if not NAME.fullmatch(name) or not 0 < len(secret) <= SECRET_LENGTH_MAX:
        return "", ""
    return name, secret
