"""Nodes as hrefs of an Asset Interfaces Description, and back."""

from __future__ import annotations

import pytest

from adapters.opcua import interface as opcua
from adapters.opcua.interface import field_tag_keys, node_href, node_of
from gateway.core.interfaces import Interface, Link, Security


@pytest.mark.parametrize(
    "node", ["i=85", "nsu=urn:x;s=A.B", "ns=3;s=a&b#c%41 d", "nsu=urn:가;s=온도", "ns=1;b=aGk="]
)
def test_a_node_address_comes_back_out_of_its_href(node: str) -> None:
    href = node_href(node)
    assert node_of(href) == node
    assert "#" not in href
    assert "&" not in href


def test_a_node_address_is_found_between_blanks() -> None:
    assert node_of("/?id = ns=5;i=2808") == "ns=5;i=2808"
    assert node_of("opc.tcp://h:4840/?x=1&id=i%3D85") == "i=85"
    assert node_of("/nothing") is None


@pytest.mark.parametrize("policy", ["Basic256Sha256", "http://opc/SecurityPolicy#Basic256Sha256"])
def test_a_policy_is_known_by_its_name_and_by_its_uri(policy: str) -> None:
    channel = Security(opcua.CHANNEL, ((opcua.MODE, "Sign"), (opcua.POLICY, policy)))
    interface = Interface("", opcua.BINDING, Link("opc.tcp://h:4840", (channel,)))
    told: list[tuple[str, str, str]] = []
    made = opcua.device_keys(interface, "opc.tcp://h:4840", "a", {}, lambda *it: told.append(it))
    assert made.keys["security"] == {"mode": "Sign", "policy": "Basic256Sha256"}
    assert told == []


def test_a_row_of_a_table_names_a_node_and_maybe_an_element() -> None:
    assert field_tag_keys("ns=2;s=A", "100ms", None) == {"node": "ns=2;s=A", "sampling": "100ms"}
    assert field_tag_keys("i=85", "1ms", 0) == {"node": "i=85", "sampling": "1ms", "index": 0}
    assert field_tag_keys("A", "100ms", None) == "address"
