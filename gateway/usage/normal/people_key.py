"""The key of a site's pseudonyms, in the data folder, readable by its owner only.

It is made once and never replaced: with another key every person would get another pseudonym.
"""

from __future__ import annotations

import base64
import os
import sys
from contextlib import suppress
from pathlib import Path

from gateway.core.errors import GatewayError

FILE = Path("usage") / "pseudonym.key"
KEY_BYTES = 32


class PseudonymKeyError(GatewayError):
    """The key is there and cannot be used, or cannot be made; nothing was changed."""


def pseudonym_key(data: Path) -> bytes:
    """Give the key of the data folder, making it durably where there is none yet.

    Raises:
        PseudonymKeyError: the file is damaged or cannot be read or written.
    """
    path = data / FILE
    try:
        return _read(path)
    except FileNotFoundError:
        pass
    try:
        _make(path)
        return _read(path)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise PseudonymKeyError("pseudonym-key-not-made", f"{FILE.as_posix()}: {reason}") from error


def _read(path: Path) -> bytes:
    try:
        key = base64.b64decode(path.read_bytes().strip(), validate=True)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise PseudonymKeyError("pseudonym-key-unreadable", FILE.as_posix()) from error
    if len(key) != KEY_BYTES:
        raise PseudonymKeyError("pseudonym-key-unreadable", FILE.as_posix())
    return key


def _make(path: Path) -> None:
    """Write a new key; one that another process made meanwhile stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(base64.b64encode(os.urandom(KEY_BYTES)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        _settle(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)
    for folder in (path.parent, path.parent.parent):
        _sync_folder(folder)


def _settle(fresh: Path, path: Path) -> None:
    """Give the file its name in one step, unless it has been taken."""
    try:
        os.link(fresh, path)
    except FileExistsError:
        return
    except OSError:  # a file system without links
        if not path.exists():
            fresh.replace(path)


def _sync_folder(folder: Path) -> None:
    """Make names durable; Windows has no such call and does so by itself."""
    if sys.platform == "win32":
        return
    with suppress(OSError):  # some network file systems refuse; the file itself is synced
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
