"""The decoder against asyncua's own encoder, for every built-in type and for mixtures of them."""

from __future__ import annotations

import base64
import contextlib
import math
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from asyncua.ua.ua_binary import variant_from_binary, variant_to_binary
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.opcua.decode import LIST, RUN_MIN, Column, ItemReader
from adapters.opcua.library import Buffer, struct_to_binary, ua
from adapters.opcua.messages import Fault, Notification, read_publish
from adapters.opcua.variants import DecodeError, ValueReader, time_text

VT = ua.VariantType


class NoStructures:
    """A server without descriptions."""

    def read(self, type_id: str, body: bytes) -> Any:
        return {"@type": type_id, "body": {"b64": base64.b64encode(body).decode()}}

    def namespace(self, index: int) -> str | None:
        return f"urn:{index}" if index else None


READER = ValueReader(NoStructures())
SCALAR_TYPES = {
    VT.Boolean: (st.booleans(), "bool"),
    VT.SByte: (st.integers(-128, 127), "int8"),
    VT.Byte: (st.integers(0, 255), "uint8"),
    VT.Int16: (st.integers(-(2**15), 2**15 - 1), "int16"),
    VT.UInt16: (st.integers(0, 2**16 - 1), "uint16"),
    VT.Int32: (st.integers(-(2**31), 2**31 - 1), "int32"),
    VT.UInt32: (st.integers(0, 2**32 - 1), "uint32"),
    VT.Int64: (st.integers(-(2**63), 2**63 - 1), "int64"),
    VT.UInt64: (st.integers(0, 2**64 - 1), "uint64"),
    VT.Float: (st.floats(width=32), "float32"),
    VT.Double: (st.floats(), "float64"),
}
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
TIMES = st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1)).map(
    lambda t: t.replace(tzinfo=UTC)
)
ODD_TYPES = {
    VT.String: TEXT,
    VT.DateTime: TIMES,
    VT.Guid: st.uuids(),
    VT.ByteString: st.binary(max_size=20),
    VT.XmlElement: st.just(ua.XmlElement("<a/>")),
    VT.NodeId: st.one_of(
        st.integers(0, 2**32 - 1).map(lambda i: ua.NodeId(i, 3)),
        TEXT.map(lambda s: ua.NodeId(s, 2)),
        st.uuids().map(lambda g: ua.NodeId(g, 2)),
        st.binary(min_size=1, max_size=8).map(lambda b: ua.NodeId(b, 2)),
    ),
    VT.ExpandedNodeId: TEXT.map(
        lambda s: ua.ExpandedNodeId(s, 2, NamespaceUri="urn:x", ServerIndex=7)
    ),
    VT.StatusCode: st.integers(0, 2**32 - 1).map(ua.StatusCode),
    VT.QualifiedName: TEXT.map(lambda s: ua.QualifiedName(s, 2)),
    VT.LocalizedText: TEXT.map(lambda s: ua.LocalizedText(s, "ko")),
    VT.ExtensionObject: st.binary(min_size=1, max_size=20).map(
        lambda b: ua.ExtensionObject(TypeId=ua.NodeId(99, 4), Body=b)
    ),
    VT.DataValue: st.integers(0, 9).map(lambda i: ua.DataValue(ua.Variant(i, VT.Int32))),
    VT.DiagnosticInfo: st.just(ua.DiagnosticInfo(SymbolicId=3, AdditionalInfo="more")),
}


def expected(kind: Any, value: Any) -> Any:
    """Say what the product makes of a library object."""
    match kind:
        case VT.DateTime:
            ticks = (value - datetime(1601, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 10
            return time_text(ticks)
        case VT.Guid:
            return str(value)
        case VT.NodeId | VT.ExpandedNodeId:
            return node_text(value)
        case VT.XmlElement:
            return value.Value
        case VT.StatusCode:
            return value.value
        case VT.QualifiedName:
            return f"2:{value.Name}"
        case VT.LocalizedText:
            return value.Text
        case VT.ExtensionObject:
            body = {"b64": base64.b64encode(value.Body).decode()}
            return {"@type": "nsu=urn:4;i=99", "body": body}
        case VT.DataValue:
            return {"@type": "DataValue", "value": value.Value.Value, "status": 0}
        case VT.DiagnosticInfo:
            return {"@type": "DiagnosticInfo", "symbolicId": 3, "info": "more"}
        case VT.Variant:
            return value.Value
    return value


def node_text(node: Any) -> str:
    if isinstance(node, ua.ExpandedNodeId):
        return f"svr=7;nsu=urn:x;s={node.Identifier}"
    identifier = node.Identifier
    match identifier:
        case int():
            text = f"i={identifier}"
        case uuid.UUID():
            text = f"g={identifier}"
        case bytes():
            text = f"b={base64.b64encode(identifier).decode()}"
        case _:
            text = f"s={identifier}"
    return f"nsu=urn:{node.NamespaceIndex};{text}"


def same(left: Any, right: Any) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        return (math.isnan(left) and math.isnan(right)) or (
            left == right and math.copysign(1, left) == math.copysign(1, right)
        )
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and left == right


def items_bytes(values: list[tuple[int, Any]]) -> bytes:
    return b"".join(handle.to_bytes(4, "little") + data_value_bytes(v) for handle, v in values)


def data_value_bytes(value: Any) -> bytes:
    """Encode as the library does, but with the picoseconds where the specification has them."""
    if value.SourcePicoseconds is None and value.ServerPicoseconds is None:
        return bytes(struct_to_binary(value))
    parts = [
        (0x01, value.Value, variant_to_binary),
        (0x02, value.StatusCode, struct_to_binary),
        (0x04, value.SourceTimestamp, lambda at: ticks(at).to_bytes(8, "little")),
        (0x10, value.SourcePicoseconds, lambda pico: pico.to_bytes(2, "little")),
        (0x08, value.ServerTimestamp, lambda at: ticks(at).to_bytes(8, "little")),
        (0x20, value.ServerPicoseconds, lambda pico: pico.to_bytes(2, "little")),
    ]
    mask = sum(bit for bit, part, _ in parts if part is not None)
    return bytes([mask]) + b"".join(put(part) for _, part, put in parts if part is not None)


def rows_of(kinds: list[list[Column]]) -> dict[int, tuple[int, str, Any, int, int, int]]:
    """Give row number to (handle, kind, value, status, source, server)."""
    rows = {}
    for columns in kinds:
        for column in columns:
            for place, row in enumerate(column.rows):
                value = column.values[place]
                rows[int(row)] = (
                    int(column.handles[place]),
                    column.kind,
                    value.item() if isinstance(value, np.generic) else value,
                    0 if column.status is None else int(column.status[place]),
                    0 if column.source is None else int(column.source[place]),
                    0 if column.server is None else int(column.server[place]),
                )
    return rows


@st.composite
def variants(draw: Any) -> tuple[Any, Any, str]:
    """Give a library Variant, what we make of it, and its kind of column."""
    kind = draw(st.sampled_from([*SCALAR_TYPES, *ODD_TYPES, VT.Null]))
    if kind == VT.Null:
        return ua.Variant(None, VT.Null), None, LIST
    strategy = SCALAR_TYPES[kind][0] if kind in SCALAR_TYPES else ODD_TYPES[kind]
    if draw(st.booleans()):
        value = draw(strategy)
        column = SCALAR_TYPES[kind][1] if kind in SCALAR_TYPES else LIST
        return ua.Variant(value, kind), expected(kind, value), column
    values = draw(st.lists(strategy, max_size=6))
    return ua.Variant(values, kind, is_array=True), [expected(kind, v) for v in values], LIST


@st.composite
def data_values(draw: Any) -> tuple[Any, Any, str]:
    variant, value, column = draw(variants())
    if draw(st.integers(0, 9)) == 0:
        variant, value, column = None, None, LIST
    found = ua.DataValue(
        variant,
        StatusCode=draw(
            st.none() | st.sampled_from([0, 0x80340000, 0x40000000, 0x480]).map(ua.StatusCode)
        ),
        SourceTimestamp=draw(st.none() | TIMES),
        ServerTimestamp=draw(st.none() | TIMES),
        SourcePicoseconds=draw(st.none() | st.integers(0, 9999)),
        ServerPicoseconds=draw(st.none() | st.integers(0, 9999)),
    )
    return found, value, column


def ticks(at: datetime | None) -> int:
    if at is None:
        return 0
    return (at - datetime(1601, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 10


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(data_values(), st.integers(1, 2 * RUN_MIN)), max_size=8))
def test_every_mixture_of_runs_comes_out_as_it_went_in(
    runs: list[tuple[tuple[Any, Any, str], int]],
) -> None:
    rows = [entry for entry, length in runs for _ in range(length)]
    body = items_bytes([(1000 + place, row[0]) for place, row in enumerate(rows)])
    kinds, pos = ItemReader(body, READER).read(0, len(rows))
    assert pos == len(body)
    found = rows_of(kinds)
    assert sorted(found) == list(range(len(rows)))
    for place, (data, value, column) in enumerate(rows):
        handle, kind, got, status, source, server = found[place]
        assert handle == 1000 + place
        assert kind == column
        assert same(got, value), (got, value)
        assert status == (data.StatusCode.value if data.StatusCode is not None else 0)
        assert source == ticks(data.SourceTimestamp)
        assert server == ticks(data.ServerTimestamp)


@settings(max_examples=200, deadline=None)
@given(variants())
def test_a_value_agrees_with_the_librarys_own_decoding(entry: tuple[Any, Any, str]) -> None:
    variant, _, _ = entry
    body = variant_to_binary(variant)
    ours, pos = READER.variant(body, 0)
    theirs = variant_from_binary(Buffer(body))
    assert pos == len(body)
    if theirs.VariantType in SCALAR_TYPES or theirs.VariantType in (VT.String, VT.ByteString):
        assert same(ours, theirs.Value)


def test_a_matrix_is_nested_by_its_dimensions() -> None:
    body = variant_to_binary(ua.Variant([[1, 2, 3], [4, 5, 6]], VT.Int32))
    assert READER.variant(body, 0)[0] == [[1, 2, 3], [4, 5, 6]]


def test_a_long_run_keeps_its_type_and_is_one_array() -> None:
    rows = [(n, ua.DataValue(ua.Variant(n, VT.Int16))) for n in range(1000)]
    kinds, _ = ItemReader(items_bytes(rows), READER).read(0, 1000)
    assert [[column.kind for column in columns] for columns in kinds] == [["int16"]]
    assert kinds[0][0].values.dtype == np.int16  # type: ignore[union-attr]


def test_text_that_is_not_utf8_stays_as_bytes() -> None:
    body = b"\x0c\x03\x00\x00\x00\xff\xfea"
    assert READER.variant(body, 0)[0] == b"\xff\xfea"


def test_a_value_that_cannot_be_read_leaves_its_neighbours_alone() -> None:
    good = struct_to_binary(ua.DataValue(ua.Variant(1.5, VT.Double)))
    too_long = b"\x01\x86" + (2_000_000).to_bytes(4, "little") + bytes(8_000_000)
    body = b"\x01\0\0\0" + good + b"\x02\0\0\0" + too_long + b"\x03\0\0\0" + good
    reader = ItemReader(body, READER)
    kinds, pos = reader.read(0, 3)
    assert pos == len(body)
    rows = rows_of(kinds)
    assert rows[0][2] == rows[2][2] == 1.5
    assert rows[1][2] is None
    assert rows[1][3] == 0x80070000
    assert [handle for handle, _ in reader.undecoded] == [2]


@pytest.mark.parametrize("depth", [200, 100_000])
def test_endless_nesting_is_refused(depth: int) -> None:
    body = b"\x01\0\0\0\x01" + b"\x98\x01\0\0\0" * depth + b"\x01\x01"
    with pytest.raises(DecodeError):
        ItemReader(body, READER).read(0, 1)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 50))
@example(b"\x00\x00\x00\x00\x11\x0f\x00\x00\x00\x00", 1)
def test_noise_is_refused_or_read_but_never_anything_else(body: bytes, count: int) -> None:
    try:
        _, pos = ItemReader(body, READER).read(0, count)
    except DecodeError:
        return
    assert pos <= len(body)


def publish_response(rows: list[tuple[int, Any]], sequence: int = 7) -> bytes:
    notification = ua.DataChangeNotification()
    notification.MonitoredItems = [
        ua.MonitoredItemNotification(ClientHandle=handle, Value=value) for handle, value in rows
    ]
    response = ua.PublishResponse()
    response.Parameters.SubscriptionId = 42
    response.Parameters.AvailableSequenceNumbers = [5, 6, 7]
    response.Parameters.MoreNotifications = False
    response.Parameters.NotificationMessage.SequenceNumber = sequence
    response.Parameters.NotificationMessage.PublishTime = datetime(2026, 1, 1, tzinfo=UTC)
    response.Parameters.NotificationMessage.NotificationData = [notification] if rows else []
    return bytes(struct_to_binary(response))


def test_a_publish_response_of_the_library_is_read() -> None:
    rows = [(n, ua.DataValue(ua.Variant(float(n), VT.Double))) for n in range(20)]
    body = publish_response(rows)
    found = read_publish(body, READER)
    assert isinstance(found, Notification)
    assert (found.subscription, found.sequence, found.available) == (42, 7, (5, 6, 7))
    assert not found.keep_alive
    assert found.samples == 20
    assert time_text(found.published) == "2026-01-01T00:00:00Z"


def test_a_keep_alive_has_no_data() -> None:
    found = read_publish(publish_response([]), READER)
    assert isinstance(found, Notification)
    assert found.keep_alive


def test_an_unreadable_notification_still_tells_its_sequence_number() -> None:
    rows = [(n, ua.DataValue(ua.Variant(float(n), VT.Double))) for n in range(20)]
    body = bytearray(publish_response(rows, sequence=9))
    place = body.index(b"\x01\x00\x2b\x03\x01") + 9
    body[place : place + 4] = (21).to_bytes(4, "little")
    found = read_publish(bytes(body), READER)
    assert isinstance(found, Notification)
    assert found.sequence == 9
    assert found.fault
    assert not found.columns


def test_a_service_fault_is_a_fault() -> None:
    fault = ua.ServiceFault()
    fault.ResponseHeader.ServiceResult = ua.StatusCode(ua.StatusCodes.BadNoSubscription)
    assert read_publish(struct_to_binary(fault), READER) == Fault(0x80790000)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_noise_instead_of_a_response_is_a_decode_error(noise: bytes) -> None:
    head = publish_response([])[:4]
    for body in (noise, head + noise):
        with contextlib.suppress(DecodeError):
            read_publish(body, READER)
