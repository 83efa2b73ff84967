"""The file that outlives the process: whole or ignored, and nothing in it is told to anyone."""

from __future__ import annotations

import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.opcua.session import restored
from adapters.opcua.session_file import Mark, SavedItem, SavedSession, SessionFile, decode
from adapters.opcua.timeline import Memory
from tests.services.opcua_peer import source

SAVED = SavedSession(
    terms="[]",
    key=(1 << 63) - 1,
    token=b"\x05\x00\x00secret-token",
    nonce=b"nonce",
    policies=[b"p"],
    certificate=None,
    started=datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
    namespaces=["http://opcfoundation.org/UA/", "urn:a"],
    subscription=7,
    keepalive_s=5.0,
    items=[
        SavedItem("nsu=urn:a;s=1", 0.1, None, 4_000_000_000, 1),
        SavedItem("/Objects/ä", 0.0, 9, 2, None),
    ],
    missing={"/Objects/ä": 123},
)
MARK = Mark(5, 1_700_000_000_000_000_000, -3, None)


def written(folder: Path) -> SessionFile:
    made = SessionFile(folder / "opcua", "line/../press")
    made.save(SAVED)
    made.mark(SAVED.key, MARK)
    return made


def test_what_was_saved_comes_back_and_only_the_owner_can_read_it(tmp_path: Path) -> None:
    written(tmp_path)
    assert SessionFile(tmp_path / "opcua", "line/../press").load() == (SAVED, MARK)
    for path in (tmp_path / "opcua").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["opcua"]


def test_the_text_of_a_session_shows_no_secret() -> None:
    assert "secret" not in repr(SAVED)
    assert "nonce" not in repr(SAVED)


@pytest.mark.parametrize("end", ["json", "mark"])
def test_a_file_that_is_cut_anywhere_is_ignored(tmp_path: Path, end: str) -> None:
    made = written(tmp_path)
    (path,) = (tmp_path / "opcua").glob(f"*.{end}")
    raw = path.read_bytes()
    for length in range(0, len(raw), 7):
        path.write_bytes(raw[:length])
        assert made.load() == ((SAVED, None) if end == "mark" else None), length


def test_a_mark_of_another_subscription_is_ignored(tmp_path: Path) -> None:
    made = written(tmp_path)
    made.mark(SAVED.key - 1, MARK)
    assert made.load() == (SAVED, None)


@pytest.mark.parametrize("distance", [None, 0, -(1 << 62)])
def test_what_is_not_known_of_the_clocks_comes_back_as_not_known(
    tmp_path: Path, distance: int | None
) -> None:
    made, mark = written(tmp_path), Mark(1, 2, distance, None)
    made.mark(SAVED.key, mark)
    assert made.load() == (SAVED, mark)


def test_a_session_of_the_version_before_is_not_taken_up_but_what_was_missing_stays() -> None:
    old = decode(SAVED.encode().replace(b'"version": 2', b'"version": 1'))
    assert old.terms == ""
    assert old.missing == SAVED.missing
    memory = Memory()
    assert restored(old, MARK, source("opc.tcp://127.0.0.1:1", Path(), ["a"]), memory) is None
    assert memory.missing == SAVED.missing


def test_another_version_is_not_read() -> None:
    raw = SAVED.encode()
    assert decode(raw) == SAVED
    with pytest.raises(ValueError, match="version"):
        decode(raw.replace(b'"version": 2', b'"version": 3'))


def test_what_is_forgotten_does_not_come_back(tmp_path: Path) -> None:
    made = written(tmp_path)
    made.forget()
    assert made.load() is None
    made.save(replace(SAVED, subscription=8))
    assert SessionFile(tmp_path / "opcua", "line/../press").load() is not None
