"""Nobody but `gateway/app/kinds.py` knows a destination or a way in by name, outside its room."""

from __future__ import annotations

import re

from gateway.app.kinds import KINDS
from tests.tidy.tree import ROOT, imported, name_of, python_files, tree_of

PLACE = "gateway/app/kinds.py"


def test_no_room_of_a_platform_is_imported_elsewhere() -> None:
    rooms = tuple(f"gateway.sinks.{kind.name}" for kind in KINDS.sinks)
    found = {
        name_of(path)
        for path in python_files("gateway", "adapters", "aas_models")
        if not name_of(path).startswith("gateway/sinks/")
        and any(module.startswith(rooms) for module in imported(tree_of(path)))
    }
    assert found == {PLACE}


def test_no_store_of_history_is_imported_elsewhere() -> None:
    found = {
        name_of(path)
        for path in python_files("gateway", "adapters", "aas_models")
        if not name_of(path).startswith("gateway/history/")
        and re.search(
            r"^gateway\.history\.(open|embedded|influx|settings|kinds)",
            "\n".join(imported(tree_of(path))),
            re.MULTILINE,
        )
    }
    assert found == {PLACE}


def test_keys_of_a_kind_are_named_in_its_room_alone() -> None:
    keys = [kind.keys for kind in KINDS.sinks] + [kind.keys for kind in KINDS.histories]
    named = re.compile(rf"\b({'|'.join(model.__name__ for model in keys)})\b")
    rooms = ("gateway/sinks", "gateway/history")
    found = {
        name_of(path)
        for path in python_files("gateway", "adapters", "aas_models")
        if named.search(path.read_text("utf-8"))
    }
    assert {name for name in found if not name.startswith(rooms)} == set()


def test_keys_of_a_way_in_are_named_where_it_is_read() -> None:
    named = re.compile(rf"\b({'|'.join(kind.keys.__name__ for kind in KINDS.intakes)})\b")
    rooms = ("gateway/usage/intakes/", "adapters/")
    found = {
        name_of(path)
        for path in python_files("gateway", "adapters", "aas_models")
        if named.search(path.read_text("utf-8")) and not name_of(path).startswith(rooms)
    }
    assert found == set()


def test_each_platform_has_its_folder() -> None:
    for kind in KINDS.sinks:
        assert (ROOT / "gateway" / "sinks" / kind.name / "kind.py").is_file()
        assert kind.advice.is_file()
