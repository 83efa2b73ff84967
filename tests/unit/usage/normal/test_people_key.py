"""The key of the pseudonyms is made once, durably, for its owner only, and never replaced."""

from __future__ import annotations

import os
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway.usage.normal.people_key import FILE, PseudonymKeyError, pseudonym_key


def test_the_key_is_made_once_and_read_again(tmp_path: Path) -> None:
    key = pseudonym_key(tmp_path)
    assert len(key) == 32
    assert pseudonym_key(tmp_path) == key
    assert pseudonym_key(tmp_path / "other") != key
    assert [path.name for path in (tmp_path / "usage").iterdir()] == ["pseudonym.key"]


@pytest.mark.skipif(sys.platform == "win32", reason="no permission bits there")
def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    pseudonym_key(tmp_path)
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"", b"AAAA", b"not base64!", b"\xff" * 40])
def test_a_damaged_key_is_said_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / FILE
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(PseudonymKeyError) as caught:
        pseudonym_key(tmp_path)
    assert caught.value.reason == "pseudonym-key-unreadable"
    assert path.read_bytes() == content


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "usage").write_text("a file")
    with pytest.raises(PseudonymKeyError):
        pseudonym_key(tmp_path)


def test_makers_at_the_same_time_agree_on_one_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pids = iter(range(1, 100))
    monkeypatch.setattr(os, "getpid", lambda: next(pids))  # as other processes would
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: pseudonym_key(tmp_path), range(8)))
    assert len(keys) == 1


def test_the_key_is_on_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    fsync, link = os.fsync, os.link

    def noted_sync(handle: int) -> None:
        order.append("sync")
        fsync(handle)

    def noted_link(old: Path, new: Path) -> None:
        order.append("name")
        link(old, new)

    monkeypatch.setattr(os, "fsync", noted_sync)
    monkeypatch.setattr(os, "link", noted_link)
    pseudonym_key(tmp_path)
    assert order[:2] == ["sync", "name"]
    assert sys.platform == "win32" or order[2:] == ["sync", "sync"]


def test_a_file_system_without_links_is_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)
    assert pseudonym_key(tmp_path) == pseudonym_key(tmp_path)
