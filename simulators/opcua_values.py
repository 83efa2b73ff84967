"""Variables of the simulated server, encoded once for every write.

Source of the layouts: OPC UA Part 6, 5.2.2.16 (Variant) and 5.2.2.17 (DataValue).
"""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from asyncua.server.address_space import AddressSpace, AttributeValue, NodeData

from simulators.opcua_library import ua

EPOCH_TICKS = 116_444_736_000_000_000
"""1970-01-01 in 100 ns since 1601-01-01."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TICK_NS = 100
WAITING_FOR_INITIAL_DATA = 0x80320000
NODE_ID_UNKNOWN = 0x80340000
_NULL_VARIANT = b"\x00"
_PACKERS = {
    "Boolean": struct.Struct("<B?"),
    "Int32": struct.Struct("<Bi"),
    "UInt32": struct.Struct("<BI"),
    "Int64": struct.Struct("<Bq"),
    "Float": struct.Struct("<Bf"),
    "Double": struct.Struct("<Bd"),
}
_TEXT_HEAD = struct.Struct("<Bi")
_GOOD_TAIL = struct.Struct("<qq")
_STATUS_TAIL = struct.Struct("<Iqq")
_MASK_GOOD = b"\x0d"
_MASK_STATUS = b"\x0f"


class Sample(NamedTuple):
    """A value as it goes over the wire; the two times are in 100 ns since 1601."""

    variant: bytes
    status: int
    source: int
    server: int
    value: Any

    def encoded(self, extra_status: int = 0) -> bytes:
        """Give the DataValue's bytes."""
        status = self.status | extra_status
        if not status:
            return _MASK_GOOD + self.variant + _GOOD_TAIL.pack(self.source, self.server)
        return _MASK_STATUS + self.variant + _STATUS_TAIL.pack(status, self.source, self.server)


def encode_variant(kind: str, value: Any) -> bytes:
    """Give a scalar as a Variant."""
    number: int = ua.VariantType[kind].value
    if kind == "String":
        text = value.encode()
        return bytes(_TEXT_HEAD.pack(number, len(text)) + text)
    return _PACKERS[kind].pack(number, value)


class Variable:
    """One variable. It outlives the servers that it is bound to, one after the other."""

    def __init__(self, identifier: str, name: str, kind: str, folder: str) -> None:
        self.identifier, self.name, self.kind, self.folder = identifier, name, kind, folder
        self._attribute: AttributeValue | None = None
        self._sample = Sample(_NULL_VARIANT, WAITING_FOR_INITIAL_DATA, 0, 0, None)

    @property
    def bound(self) -> bool:
        """Say whether the node exists in the running server."""
        return self._attribute is not None

    @property
    def status(self) -> int:
        """The present status code."""
        return self._sample.status

    def write(
        self, value: Any, time_ns: int | None, server_ns: int | None, status: int = 0
    ) -> None:
        """Set the value and queue it for every monitored item; a Bad status has no value."""
        variant = _NULL_VARIANT if value is None else encode_variant(self.kind, value)
        self._put(Sample(variant, status, _ticks(time_ns), _ticks(server_ns), value))

    def _put(self, sample: Sample) -> None:
        self._sample = sample
        if self._attribute is not None:
            for handle, callback in self._attribute.datachange_callbacks.items():
                callback.__self__.push(handle, sample)  # type: ignore[attr-defined]  # bound methods of ours only

    def read(self, *_: Any) -> Any:
        """Give the present value in the library's form."""
        sample = self._sample
        return ua.DataValue(
            ua.Variant(
                sample.value, ua.VariantType[self.kind] if sample.value is not None else None
            ),
            StatusCode=ua.StatusCode(sample.status),
            SourceTimestamp=_time(sample.source),
            ServerTimestamp=_time(sample.server),
        )

    def bind(self, space: AddressSpace, index: int) -> None:
        """Add the node to a server's address space, without any earlier value."""
        self._sample = Sample(_NULL_VARIANT, WAITING_FOR_INITIAL_DATA, 0, 0, None)
        self._attribute = add_node(space, self, index)

    def unbind(self, space: AddressSpace | None = None, index: int = 0) -> None:
        """Remove the node: who monitors it hears BadNodeIdUnknown once, and nothing any more."""
        attribute, self._attribute = self._attribute, None
        if space is None or attribute is None:
            return
        gone = self._sample._replace(variant=_NULL_VARIANT, status=NODE_ID_UNKNOWN, value=None)
        for handle, callback in list(attribute.datachange_callbacks.items()):
            callback.__self__.push(handle, gone)  # type: ignore[attr-defined]  # bound methods of ours only
        attribute.datachange_callbacks.clear()
        remove_node(space, ua.NodeId(self.identifier, index))


def _ticks(time_ns: int | None) -> int:
    """Give a time as it goes over the wire; none, and what is before 1601, is 0."""
    return 0 if time_ns is None else max(0, time_ns // TICK_NS + EPOCH_TICKS)


def ticks_of(moment: datetime | None) -> int:
    """Give a time in 100 ns since 1601; the library's naive times are UTC."""
    if moment is None:
        return 0
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - EPOCH) // timedelta(microseconds=1) * 10 + EPOCH_TICKS


def _time(ticks: int) -> datetime | None:
    if not ticks:
        return None
    return EPOCH + timedelta(microseconds=(ticks - EPOCH_TICKS) // 10)


def _attribute(value: Any, kind: Any) -> AttributeValue:
    return AttributeValue(ua.DataValue(ua.Variant(value, kind)))


_SHARED = {
    ua.AttributeIds.NodeClass: _attribute(ua.NodeClass.Variable.value, ua.VariantType.Int32),
    ua.AttributeIds.ValueRank: _attribute(-1, ua.VariantType.Int32),
    ua.AttributeIds.WriteMask: _attribute(0, ua.VariantType.UInt32),
    ua.AttributeIds.UserWriteMask: _attribute(0, ua.VariantType.UInt32),
    ua.AttributeIds.AccessLevel: _attribute(1, ua.VariantType.Byte),
    ua.AttributeIds.UserAccessLevel: _attribute(1, ua.VariantType.Byte),
    ua.AttributeIds.MinimumSamplingInterval: _attribute(0.0, ua.VariantType.Double),
    ua.AttributeIds.Historizing: _attribute(False, ua.VariantType.Boolean),
}
"""The same for every variable, and read-only; only Value has callbacks."""


def add_node(space: AddressSpace, variable: Variable, index: int) -> AttributeValue:
    """Put a variable's node below its folder; a hundred times as fast as the library's way."""
    node_id = ua.NodeId(variable.identifier, index)
    data = NodeData(node_id)
    value = AttributeValue(ua.DataValue())
    value.value_callback = variable.read
    text = ua.LocalizedText(variable.name)
    data.attributes = {
        **_SHARED,
        ua.AttributeIds.NodeId: _attribute(node_id, ua.VariantType.NodeId),
        ua.AttributeIds.BrowseName: _attribute(
            ua.QualifiedName(variable.name, index), ua.VariantType.QualifiedName
        ),
        ua.AttributeIds.DisplayName: _attribute(text, ua.VariantType.LocalizedText),
        ua.AttributeIds.DataType: _attribute(
            ua.NodeId(ua.VariantType[variable.kind].value), ua.VariantType.NodeId
        ),
        ua.AttributeIds.Value: value,
    }
    parent = ua.NodeId(variable.folder, index)
    data.references = [
        _reference(ua.ObjectIds.HasTypeDefinition, ua.NodeId(ua.ObjectIds.BaseDataVariableType)),
        _reference(ua.ObjectIds.HasComponent, parent, forward=False),
    ]
    space[node_id] = data
    space[parent].references.append(
        _reference(ua.ObjectIds.HasComponent, node_id, name=variable.name, index=index)
    )
    return value


def remove_node(space: AddressSpace, node_id: Any) -> None:
    """Take a node and every reference to it away."""
    node = space[node_id]
    for reference in node.references:
        if not reference.IsForward:
            parent = space[reference.NodeId]
            parent.references = [one for one in parent.references if one.NodeId != node_id]
    del space[node_id]


def _reference(
    kind: int, target: Any, *, forward: bool = True, name: str = "", index: int = 0
) -> Any:
    described = ua.ReferenceDescription()
    described.ReferenceTypeId = ua.NodeId(kind)
    described.IsForward = forward
    described.NodeId = target
    described.BrowseName = ua.QualifiedName(name, index)
    described.DisplayName = ua.LocalizedText(name)
    described.NodeClass = ua.NodeClass.Variable
    described.TypeDefinition = ua.NodeId(ua.ObjectIds.BaseDataVariableType)
    return described
