"""Structures as JSON, by the descriptions that the server of this connection gives.

Descriptions are kept for each connection: two machines may use the same number for different types.
Source: OPC UA Part 3 §8.48 (DataTypeDefinition), Part 6 §5.2.6 and §5.2.7 (structures, unions).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from adapters.opcua.address import AddressError, node_id
from adapters.opcua.library import UaError, nodeid_to_binary, ua
from adapters.opcua.transport import LinkClient
from adapters.opcua.variants import DecodeError, ValueReader, jsonable
from gateway.core.types import Value

TYPES_MAX = 2_000
"""Descriptions kept for one connection."""
SUPERTYPES_MAX = 20
STRUCTURE, ENUMERATION, BUILT_IN_LAST = 22, 29, 25
_PLAIN = 0
_OPTIONAL_FIELDS = 1
_UNIONS = (2, 4)
_UINT32 = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class FieldType:
    """One field: `builtin` is a built-in type number, `structure` the text of a data type's id."""

    name: str
    rank: int
    optional: bool
    builtin: int
    structure: str | None = None


@dataclass(frozen=True, slots=True)
class StructureType:
    """One described structure."""

    name: str
    kind: int
    fields: tuple[FieldType, ...]


class TypeBook:
    """What is known of the structures of one connection; reads bodies, learns in between."""

    def __init__(self, client: LinkClient, namespaces: Sequence[str]) -> None:
        self._client = client
        self._namespaces = list(namespaces)
        self._by_encoding: dict[str, str] = {}
        self._types: dict[str, StructureType] = {}
        self._failed: set[str] = set()
        self.unknown: set[str] = set()
        """Encoding ids met while reading that `learn` has not tried."""
        self.reader = ValueReader(self)

    def namespace(self, index: int) -> str | None:
        return self._namespaces[index] if index < len(self._namespaces) else None

    def read(self, type_id: str, body: bytes) -> Value:
        data_type = self._by_encoding.get(type_id)
        if data_type is None:
            if type_id not in self._failed and len(self._types) < TYPES_MAX:
                self.unknown.add(type_id)
            return {"@type": type_id, "body": jsonable(body)}
        value, _ = self._structure(data_type, body, 0, 0)
        return value

    def _structure(
        self, data_type: str, body: bytes, pos: int, depth: int
    ) -> tuple[dict[str, Any], int]:
        known = self._types.get(data_type)
        if known is None or depth > SUPERTYPES_MAX:
            raise DecodeError(f"structure {data_type} is not described")
        found: dict[str, Any] = {"@type": known.name}
        fields: Sequence[FieldType] = known.fields
        if known.kind in _UNIONS:
            chosen, pos = _UINT32.unpack_from(body, pos)[0], pos + 4
            fields = fields[chosen - 1 : chosen] if chosen else ()
        mask = -1
        if known.kind == _OPTIONAL_FIELDS:
            mask, pos = _UINT32.unpack_from(body, pos)[0], pos + 4
        bit = 0
        for field in fields:
            if field.optional:
                bit += 1
                if not mask >> (bit - 1) & 1:
                    continue
            found[field.name], pos = self._field(field, body, pos, depth)
        return found, pos

    def _field(self, field: FieldType, body: bytes, pos: int, depth: int) -> tuple[Any, int]:
        if field.rank < 1:
            return self._one(field, body, pos, depth)
        dims: tuple[int, ...] = (0,)
        if field.rank > 1:
            shape, pos = self.reader.array(6, body, pos)
            dims = tuple(int(size) for size in shape)
            count = 1
            for size in dims:
                count *= max(size, 0)
        else:
            count, pos = max(struct.unpack_from("<i", body, pos)[0], 0), pos + 4
        if count > len(body):
            raise DecodeError(f"{count} elements do not fit into the structure")
        values = []
        for _ in range(count):
            value, pos = self._one(field, body, pos, depth)
            values.append(value)
        return values, pos

    def _one(self, field: FieldType, body: bytes, pos: int, depth: int) -> tuple[Any, int]:
        if field.structure is not None:
            return self._structure(field.structure, body, pos, depth + 1)
        value, pos = self.reader.one(field.builtin, body, pos)
        return jsonable(value), pos

    async def learn(self) -> bool:
        """Ask the server for the types in `unknown`; say whether anything was learned.

        Each is asked for once. A type that cannot be described keeps its body as bytes.
        """
        wanted, self.unknown = self.unknown, set()
        for type_id in wanted:
            # A server that does not describe it: the body is kept.
            with suppress(UaError, AddressError, AttributeError, TypeError, ValueError):
                await self._learn_encoding(type_id)
            if type_id not in self._by_encoding:
                self._failed.add(type_id)
        return any(type_id in self._by_encoding for type_id in wanted)

    async def _learn_encoding(self, type_id: str) -> None:
        encoding = node_id(type_id, self._namespaces)
        found = await self._references(encoding, ua.ObjectIds.HasEncoding)
        data_type = found[0] if found else encoding
        name = self._name_of(data_type)
        await self._learn_type(data_type, 0)
        self._by_encoding[type_id] = name

    def _name_of(self, node: Any) -> str:
        return self.reader.node_id(nodeid_to_binary(node), 0)[0]

    async def _references(self, node: Any, kind: int) -> list[Any]:
        """Give what refers to this node by this kind of reference."""
        description = ua.BrowseDescription(
            NodeId=node,
            BrowseDirection=ua.BrowseDirection.Inverse,
            ReferenceTypeId=ua.NodeId(kind),
            IncludeSubtypes=True,
            NodeClassMask=ua.NodeClass.Unspecified,
            ResultMask=ua.BrowseResultMask.All,
        )
        parameters = ua.BrowseParameters(NodesToBrowse=[description])
        results = await self._client.uaclient.browse(parameters)
        return [
            ua.NodeId(to.NodeId.Identifier, to.NodeId.NamespaceIndex, to.NodeId.NodeIdType)
            for to in results[0].References or ()
        ]

    async def _learn_type(self, node: Any, depth: int) -> None:
        key = self._name_of(node)
        if key in self._types or depth > SUPERTYPES_MAX:
            return
        name, definition = await self._definition(node)
        if definition is None or not hasattr(definition, "StructureType"):
            raise ValueError(f"{key} has no description")
        self._types[key] = StructureType(name, _PLAIN, ())  # structures may contain themselves
        try:
            fields = [await self._field_type(entry, depth) for entry in definition.Fields or ()]
        except BaseException:
            del self._types[key]
            raise
        self._types[key] = StructureType(name, int(definition.StructureType), tuple(fields))

    async def _definition(self, node: Any) -> tuple[str, Any]:
        session = self._client.uaclient
        name = (await session.read_attributes([node], ua.AttributeIds.BrowseName))[0]
        what = (await session.read_attributes([node], ua.AttributeIds.DataTypeDefinition))[0]
        definition = what.Value.Value if what.Value is not None else None
        title = name.Value.Value if name.Value is not None else None
        return str(title.Name if title is not None else self._name_of(node)), definition

    async def _field_type(self, entry: Any, depth: int) -> FieldType:
        builtin = await self._builtin(entry.DataType)
        structure = None
        if builtin == STRUCTURE and entry.DataType != ua.NodeId(STRUCTURE):
            await self._learn_type(entry.DataType, depth + 1)
            structure = self._name_of(entry.DataType)
        return FieldType(
            str(entry.Name), int(entry.ValueRank), bool(entry.IsOptional), builtin, structure
        )

    async def _builtin(self, node: Any) -> int:
        """Give the built-in type a data type comes down to. Source: Part 6 §5.1.5."""
        for _ in range(SUPERTYPES_MAX):
            if node.NamespaceIndex == 0 and node.Identifier in range(1, BUILT_IN_LAST + 1):
                return int(node.Identifier)
            if node == ua.NodeId(ENUMERATION):
                return 6
            above = await self._references(node, ua.ObjectIds.HasSubtype)
            if not above:
                break
            node = above[0]
        raise ValueError(f"data type {node} comes down to nothing built in")
