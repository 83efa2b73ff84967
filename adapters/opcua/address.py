"""Addresses as people write them, and the node ids of one connection that they stand for.

`nsu=URI;s=...` and `/Objects/nsu=URI:Press/Temp` survive a server whose namespace indexes move;
`ns=2;...` and `2:Press` are taken as they are. In a path, a name without an index has that of the
name before it. Source: OPC UA Part 6 §5.3.1.10, Part 4 Annex A.2 (paths, simplified).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adapters.opcua.library import UaError, ua

NODE_FORMS = ("i", "s", "g", "b")


class AddressError(ValueError):
    """The address cannot be used; `status` is the name that health shows."""

    def __init__(self, status: str, detail: str) -> None:
        super().__init__(f"{status}: {detail}")
        self.status = status


def is_path(address: str) -> bool:
    """Say whether an address is a browse path."""
    return address.startswith("/")


def node_id(address: str, namespaces: Sequence[str]) -> Any:
    """Give the NodeId of `[nsu=URI;|ns=N;]<i|s|g|b>=...`.

    Raises AddressError: `namespace-unknown` or `BadNodeIdInvalid`.
    """
    index, rest = 0, address
    if rest.startswith("nsu="):
        uri, _, rest = rest[4:].partition(";")
        index = _index(uri, namespaces)
    elif rest.startswith("ns="):
        text, _, rest = rest[3:].partition(";")
        index = _number(text, address)
    form, sign, value = rest.partition("=")
    if not sign or form not in NODE_FORMS:
        raise AddressError("BadNodeIdInvalid", address)
    try:
        found = ua.NodeId.from_string(f"{form}={value}")
    except UaError as error:
        raise AddressError("BadNodeIdInvalid", address) from error
    return ua.NodeId(found.Identifier, index, found.NodeIdType)


def _index(uri: str, namespaces: Sequence[str]) -> int:
    try:
        return list(namespaces).index(uri)
    except ValueError:
        raise AddressError("namespace-unknown", uri) from None


def _number(text: str, address: str) -> int:
    if not text.isdecimal() or int(text) > 0xFFFF:
        raise AddressError("BadNodeIdInvalid", address)
    return int(text)


def browse_path(address: str, namespaces: Sequence[str]) -> Any:
    """Give the BrowsePath from the root folder for `/Objects/2:Press/Temp`.

    Raises AddressError.
    """
    path = ua.BrowsePath(StartingNode=ua.NodeId(ua.ObjectIds.RootFolder))
    for name in path_names(address, namespaces):
        path.RelativePath.Elements.append(
            ua.RelativePathElement(
                ReferenceTypeId=ua.NodeId(ua.ObjectIds.HierarchicalReferences),
                IsInverse=False,
                IncludeSubtypes=True,
                TargetName=name,
            )
        )
    return path


def path_names(address: str, namespaces: Sequence[str]) -> list[Any]:
    """Give the qualified names of a path; `Root` at the beginning is left out."""
    names: list[Any] = []
    rest, index = address[1:], 0
    while rest:
        index, rest = _namespace_of(rest, index, namespaces)
        name, _, rest = rest.partition("/")
        if not name:
            raise AddressError("BadBrowseNameInvalid", address)
        if names or name != "Root":
            names.append(ua.QualifiedName(name, index))
    if not names:
        raise AddressError("BadBrowseNameInvalid", address)
    return names


def _namespace_of(rest: str, before: int, namespaces: Sequence[str]) -> tuple[int, str]:
    if rest.startswith("nsu="):
        # A URI may hold the path's own separators: only the server's list tells where it ends.
        for uri in sorted(namespaces, key=len, reverse=True):
            for mark in (":", ";"):
                if rest.startswith(f"nsu={uri}{mark}"):
                    return list(namespaces).index(uri), rest[len(uri) + 5 :]
        raise AddressError("namespace-unknown", rest[4:])
    text, mark, tail = rest.partition(":")
    return (int(text), tail) if mark and text.isdecimal() else (before, rest)
