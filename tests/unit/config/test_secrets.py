"""Secrets: stored encrypted, readable by their owner only, found in the declared order."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from gateway.config import secrets
from gateway.config.secrets import KEY_FILE, STORE_FILE, Secrets, SecretsError, SecretStore


def test_a_secret_comes_back_and_is_not_in_the_file(tmp_path: Path) -> None:
    store = SecretStore(tmp_path)
    store.set("press01", "비밀 1234")
    store.set("token", "abc")
    assert SecretStore(tmp_path).get("press01") == "비밀 1234"
    assert store.names() == ["press01", "token"]
    assert b"1234" not in (tmp_path / STORE_FILE).read_bytes()
    assert store.remove("press01")
    assert not store.remove("press01")
    assert store.get("press01") is None


@pytest.mark.skipif(sys.platform == "win32", reason="no permission bits there")
def test_only_the_owner_may_read(tmp_path: Path) -> None:
    SecretStore(tmp_path).set("press01", "x")
    for name in (STORE_FILE, KEY_FILE):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_another_key_a_swapped_entry_and_rubbish_are_noticed(tmp_path: Path) -> None:
    store = SecretStore(tmp_path)
    store.set("one", "1")
    store.set("two", "2")
    good = (tmp_path / STORE_FILE).read_text()
    swapped = good.replace('"one"', '"x"').replace('"two"', '"one"').replace('"x"', '"two"')
    (tmp_path / STORE_FILE).write_text(swapped)
    with pytest.raises(SecretsError):
        store.get("one")
    (tmp_path / STORE_FILE).write_text("{")
    with pytest.raises(SecretsError):
        store.names()
    (tmp_path / STORE_FILE).write_text(good)
    (tmp_path / KEY_FILE).unlink()
    with pytest.raises(SecretsError):
        store.get("one")


def test_the_order_is_environment_credentials_container_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    container, credentials = tmp_path / "run", tmp_path / "systemd"
    monkeypatch.setattr(secrets, "CONTAINER_FOLDER", container)
    environ: dict[str, str] = {}
    found = Secrets(tmp_path, environ)
    assert found.find("press-01") is None
    SecretStore(tmp_path).set("press-01", "store")
    assert found.find("press-01") == "store"
    container.mkdir()
    (container / "press-01").write_text("container\n")
    assert found.find("press-01") == "container"
    credentials.mkdir()
    (credentials / "press-01").write_text("systemd\n")
    environ["CREDENTIALS_DIRECTORY"] = str(credentials)
    assert found.find("press-01") == "systemd"
    environ["GATEWAY_SECRET_PRESS_01"] = "environment"
    assert found.find("press-01") == "environment"


@pytest.mark.parametrize("name", ["", "../x", "a/b", "-a", "a" * 65])
def test_a_name_cannot_leave_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        SecretStore(tmp_path).set(name, "x")
