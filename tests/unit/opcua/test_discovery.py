"""Which addresses are tried, and in which order."""

from __future__ import annotations

from adapters.opcua.discovery import addresses, discovery_urls

PLC = "opc.tcp://10.0.0.5:4840"


def ways(url: str, endpoint: str, *, secure: bool = True) -> list[tuple[str, str]]:
    return [(way.url, way.name) for way in addresses(url, endpoint, secure=secure)]


def test_endpoints_are_asked_for_where_it_is_written_and_then_at_the_discovery_paths() -> None:
    assert discovery_urls(PLC) == [PLC, f"{PLC}/discovery"]
    assert discovery_urls(f"{PLC}/UA/Line") == [
        f"{PLC}/UA/Line", f"{PLC}/UA/Line/discovery", f"{PLC}/discovery", PLC,
    ]  # fmt: skip
    assert discovery_urls(f"{PLC}/UA/discovery") == [f"{PLC}/UA/discovery", f"{PLC}/UA", PLC]


def test_an_endpoint_of_another_host_is_reached_by_the_written_one_with_its_path() -> None:
    inside = "opc.tcp://plc-hall-3:4841/UA/Line"
    assert ways(PLC, inside) == [
        (f"{PLC}/UA/Line", f"{PLC}/UA/Line"), (PLC, PLC), (PLC, inside),
    ]  # fmt: skip


def test_the_port_of_an_endpoint_counts_only_where_the_channel_proves_who_answers() -> None:
    beside = "opc.tcp://10.0.0.5:4843/secure"
    assert ways(PLC, beside)[-1] == (beside, beside)
    assert (beside, beside) not in ways(PLC, beside, secure=False)


def test_an_address_that_is_none_leaves_the_written_one() -> None:
    for told in ("", "opc.tcp://[::1", "opc.tcp://", "opc.tcp://plc:99999/x", "opc.tcp://plc:0/x"):
        assert ways(PLC, told) == [(PLC, PLC)]
