"""Addresses as people write them."""

from __future__ import annotations

import pytest

from adapters.opcua.address import AddressError, browse_path, node_id, path_names
from adapters.opcua.library import ua
from adapters.opcua.settings import node_address

SPACES = ["http://opcfoundation.org/UA/", "urn:own", "http://acme.example/press/", "urn:x:y"]


@pytest.mark.parametrize(
    ("text", "index", "identifier"),
    [
        ("i=85", 0, 85),
        ("ns=2;s=a;b=c", 2, "a;b=c"),
        ("nsu=urn:x:y;s=금형온도", 3, "금형온도"),
        ("nsu=http://acme.example/press/;i=7", 2, 7),
        ("s=plain", 0, "plain"),
    ],
)
def test_node_ids(text: str, index: int, identifier: object) -> None:
    found = node_id(text, SPACES)
    assert (found.NamespaceIndex, found.Identifier) == (index, identifier)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("nsu=urn:gone;s=a", "namespace-unknown"),
        ("ns=x;s=a", "BadNodeIdInvalid"),
        ("i=abc", "BadNodeIdInvalid"),
        ("g=nonsense", "BadNodeIdInvalid"),
        ("Temp", "BadNodeIdInvalid"),
        ("", "BadNodeIdInvalid"),
    ],
)
def test_what_is_no_node_id_says_why(text: str, status: str) -> None:
    with pytest.raises(AddressError) as caught:
        node_id(text, SPACES)
    assert caught.value.status == status


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("/Objects/2:Press/Temp", [(0, "Objects"), (2, "Press"), (2, "Temp")]),
        ("/Root/Objects/2:Press/0:EURange", [(0, "Objects"), (2, "Press"), (0, "EURange")]),
        (
            "/Objects/nsu=http://acme.example/press/:Press/Temp",
            [(0, "Objects"), (2, "Press"), (2, "Temp")],
        ),
        ("/Objects/nsu=urn:x:y;Press", [(0, "Objects"), (3, "Press")]),
    ],
)
def test_paths(text: str, names: list[tuple[int, str]]) -> None:
    found = [(name.NamespaceIndex, name.Name) for name in path_names(text, SPACES)]
    assert found == names
    path = browse_path(text, SPACES)
    assert path.StartingNode == ua.NodeId(84)
    assert len(path.RelativePath.Elements) == len(names)


@pytest.mark.parametrize("text", ["/", "//a", "/Objects/nsu=urn:gone:Press"])
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(AddressError):
        path_names(text, SPACES)


@pytest.mark.parametrize(
    ("text", "index", "name"),
    [
        ('ns=3;s="DB_1"."Temp"', 3, '"DB_1"."Temp"'),
        ('ns=3;s="DB_1"."Axis"[2]."Speed"', 3, '"DB_1"."Axis"[2]."Speed"'),
        ("ns=2;s=/Channel/Parameter/R[u1,1]", 2, "/Channel/Parameter/R[u1,1]"),
        ("ns=1;s=Sym|var", 1, "Sym|var"),
        ("ns=4;s=|var|CODESYS Control.App.PLC_PRG.x", 4, "|var|CODESYS Control.App.PLC_PRG.x"),
        ("ns=2;s=Line 1;ns=4;i=5", 2, "Line 1;ns=4;i=5"),
        ("ns=2;s=Motor #1.Speed", 2, "Motor #1.Speed"),
    ],
)
def test_ids_are_taken_as_people_paste_them(text: str, index: int, name: str) -> None:
    assert node_address(text) == text
    assert node_id(text, SPACES) == ua.NodeId(name, index)
