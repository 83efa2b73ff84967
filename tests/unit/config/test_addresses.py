"""Addresses as people write them, and those that lead nowhere."""

from __future__ import annotations

import pytest
from pydantic_core import PydanticCustomError

from adapters.mqtt.settings import broker_url
from adapters.opcua.settings import endpoint_url, node_address
from gateway.config.scalars import listen_address
from gateway.core.config import http_url
from gateway.core.hosts import is_loopback


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("opc.tcp://plc", "opc.tcp://plc:4840"),
        ("opc.tcp://plc/", "opc.tcp://plc:4840/"),
        ("opc.tcp://192.168.0.1:4841/path/x", "opc.tcp://192.168.0.1:4841/path/x"),
        ("opc.tcp://[::1]/x", "opc.tcp://[::1]:4840/x"),
    ],
)
def test_an_endpoint_gets_the_usual_port(text: str, read: str) -> None:
    assert endpoint_url(text) == read


@pytest.mark.parametrize("host", ["", "a b", "a:0", "a:70000", "a:x", "u:p@a"])
def test_addresses_that_lead_nowhere_are_refused(host: str) -> None:
    for read, scheme in ((endpoint_url, "opc.tcp"), (broker_url, "mqtt"), (http_url, "https")):
        with pytest.raises(PydanticCustomError):
            read(f"{scheme}://{host}")


def test_a_broker_has_no_path() -> None:
    assert broker_url("mqtts://broker") == "mqtts://broker"
    with pytest.raises(PydanticCustomError):
        broker_url("mqtt://broker/topic")


@pytest.mark.parametrize(
    "text",
    [
        "nsu=urn:hanil:press;s=Press1.Mold", "ns=2;i=1001", "i=2258", "ns=3;s=a;b=c", "ns=2;b=AQID",
        "nsu=http://x/y;g=09087e75-8e5e-499b-954f-f2a9603db28a", "/Objects/2:Press/2:Temp",
        "ns=2;s=온도", "/Objects/nsu=http://hanil.example/press/:Press/Temp",
    ],
)  # fmt: skip
def test_nodes_are_accepted_as_opc_ua_writes_them(text: str) -> None:
    assert node_address(text) == text


@pytest.mark.parametrize(
    "text", ["", "Press1", "ns=2", "ns=x;i=1", "ns=2;i=x", "ns=2;s=", "nsu=;s=a", "/", "//a", "/a/"]
)
def test_what_is_no_node_is_refused(text: str) -> None:
    with pytest.raises(PydanticCustomError):
        node_address(text)


def test_only_this_pc_is_loopback() -> None:
    assert all(
        is_loopback(host) for host in ("localhost", "127.0.0.1", "127.9.9.9", "[::1]", "::1")
    )
    assert not any(is_loopback(host) for host in ("0.0.0.0", "192.168.0.1", "example.kr", "::"))
    for text in ("8080", ":8080", "a:0", "a:70000", "a:x"):
        with pytest.raises(PydanticCustomError):
            listen_address(text)
