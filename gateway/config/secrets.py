"""Where `!secret name` finds its text, and the gateway's own store for it.

Asked in this order: the environment (`GATEWAY_SECRET_NAME`), systemd credentials, the secrets of a
container engine, the store in the data folder. The store is AES-GCM under a key that lies beside
it, readable by its owner only: it keeps secrets out of configuration files, backups of them and
support bundles; it does not protect from somebody who can read the whole data folder.
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from gateway.core.errors import GatewayError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
STORE_FILE, KEY_FILE = "secrets.db", "secrets.key"
CONTAINER_FOLDER = Path("/run/secrets")
ENVIRONMENT_PREFIX = "GATEWAY_SECRET_"
FORMAT = 1
NONCE_BYTES, KEY_BITS = 12, 256
TEXT_BYTES_MAX = 64 * 1024


class SecretsError(GatewayError):
    """The store cannot be read: its key is missing or another one, or the file is damaged."""


def environment_name(name: str) -> str:
    """Give the environment variable that overrides a secret."""
    return ENVIRONMENT_PREFIX + re.sub(r"[^A-Za-z0-9]", "_", name).upper()


class SecretStore:
    """The encrypted file in the data folder. Every write replaces the file in one step."""

    def __init__(self, data: Path) -> None:
        self._path = data / STORE_FILE
        self._key_path = data / KEY_FILE

    def names(self) -> list[str]:
        """Give the names that are stored, sorted."""
        return sorted(self._entries())

    def get(self, name: str) -> str | None:
        """Give a secret, None where there is none of this name.

        Raises:
            SecretsError: the store cannot be read.
        """
        entry = self._entries().get(name)
        return None if entry is None else self._opened(name, entry)

    def set(self, name: str, text: str) -> None:
        """Store a secret under a name, in place of an earlier one.

        Raises:
            SecretsError: the store cannot be read. ValueError: not a name, or too long a text.
        """
        if not NAME.fullmatch(name) or len(text.encode()) > TEXT_BYTES_MAX:
            raise ValueError(name)
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        entries = self._entries()
        nonce = os.urandom(NONCE_BYTES)
        sealed = AESGCM(self._key(make=True)).encrypt(nonce, text.encode(), name.encode())
        self._write({**entries, name: base64.b64encode(nonce + sealed).decode()})

    def remove(self, name: str) -> bool:
        """Remove a secret; False when there was none."""
        entries = self._entries()
        if entries.pop(name, None) is None:
            return False
        self._write(entries)
        return True

    def _opened(self, name: str, entry: str) -> str:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            raw = base64.b64decode(entry, validate=True)
            key = AESGCM(self._key(make=False))
            return key.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], name.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise SecretsError("secrets-unreadable", self._key_path.name) from error

    def _entries(self) -> dict[str, str]:
        try:
            content = json.loads(self._path.read_text("utf-8"))
            if content["format"] != FORMAT:
                raise SecretsError("secrets-format", str(content["format"]))
            return dict(content["secrets"])
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SecretsError("secrets-unreadable", self._path.name) from error

    def _key(self, *, make: bool) -> bytes:
        try:
            return base64.b64decode(self._key_path.read_bytes(), validate=True)
        except FileNotFoundError:
            if not make:
                raise SecretsError("secrets-key-missing", self._key_path.name) from None
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key = AESGCM.generate_key(KEY_BITS)
        _write_private(self._key_path, base64.b64encode(key))
        return key

    def _write(self, entries: Mapping[str, str]) -> None:
        content = {"format": FORMAT, "secrets": dict(sorted(entries.items()))}
        _write_private(self._path, json.dumps(content, indent=1).encode())


def _write_private(path: Path, content: bytes) -> None:
    """Replace a file that only its owner may read, durably and in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


class Secrets:
    """Looks a secret up in all its places."""

    def __init__(self, data: Path, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._store = SecretStore(data)

    def find(self, name: str) -> str | None:
        """Give a secret's text, None where no place has it.

        Raises:
            SecretsError: the store cannot be read.
        """
        text = self._environ.get(environment_name(name))
        if text is not None:
            return text
        for folder in self._folders():
            try:
                return (folder / name).read_text("utf-8").rstrip("\r\n")
            except (OSError, UnicodeDecodeError):
                continue
        return self._store.get(name)

    def _folders(self) -> Iterator[Path]:
        credentials = self._environ.get("CREDENTIALS_DIRECTORY")
        if credentials:
            yield Path(credentials)
        yield CONTAINER_FOLDER
