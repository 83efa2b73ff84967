"""Looks through a part of a server's address space: what there is, and what looks like a name."""

from __future__ import annotations

import asyncio
import difflib
from collections import deque
from collections.abc import Sequence
from typing import Any

from adapters.opcua.address import is_path
from adapters.opcua.config import OpcUaSource
from adapters.opcua.errors import edge
from adapters.opcua.library import UaError, nodeid_to_binary, ua
from adapters.opcua.link import Link, close, connect
from adapters.opcua.structures import TypeBook
from gateway.core.clock import Clock
from gateway.core.probing import Browsed

NODES_MAX = 3_000
TIME_S = 5.0
NEAREST = 3
LIKE = 0.75


async def browse(source: OpcUaSource, clock: Clock) -> list[Browsed]:
    """List what stands below Objects, level by level: `NODES_MAX` nodes, for `TIME_S`.

    Raises:
        SourceError: the server is not reached, or answers what is no answer.
    Cancel: closes the connection within 5 s.
    """
    link = await connect(source, clock)
    try:
        with edge("browsing", strange=True):
            return await seen(link)
    finally:
        await close(link)


def nearest(found: Sequence[Browsed], wanted: str) -> list[str]:
    """List addresses that look like one, most alike first; paths for a path."""
    path = is_path(wanted)
    known = [each.path if path else each.address for each in found]
    return difflib.get_close_matches(wanted, known, NEAREST, LIKE)


async def seen(link: Link) -> list[Browsed]:
    """List what could be seen in the time; what was seen before an error still helps."""
    found: list[Browsed] = []
    try:
        async with asyncio.timeout(TIME_S):
            await _walk(link, found)
    except (UaError, TimeoutError):
        pass
    return found


async def _walk(link: Link, found: list[Browsed]) -> None:
    reader = TypeBook(link.client, link.namespaces).reader
    objects = ua.NodeId(ua.ObjectIds.ObjectsFolder)
    known = {objects}
    waiting: deque[tuple[str, Any]] = deque([("/Objects", objects)])
    while waiting and len(known) < NODES_MAX:
        part = [waiting.popleft() for _ in range(min(len(waiting), 20))]
        for path, reference in await _children(link, part):
            raw = reference.NodeId
            node = ua.NodeId(raw.Identifier, raw.NamespaceIndex, raw.NodeIdType)
            server = raw.NamespaceIndex == 0 and reference.BrowseName.Name == "Server"
            if node in known or server:
                continue
            known.add(node)
            name = reference.BrowseName
            below = f"{path}/{name.NamespaceIndex}:{name.Name}"
            found.append(Browsed(reader.node_id(nodeid_to_binary(node), 0)[0], below))
            waiting.append((below, node))


async def _children(link: Link, part: Sequence[tuple[str, Any]]) -> list[tuple[str, Any]]:
    parameters = ua.BrowseParameters(
        NodesToBrowse=[
            ua.BrowseDescription(
                NodeId=node,
                BrowseDirection=ua.BrowseDirection.Forward,
                ReferenceTypeId=ua.NodeId(ua.ObjectIds.HierarchicalReferences),
                IncludeSubtypes=True,
                NodeClassMask=ua.NodeClass.Object | ua.NodeClass.Variable,
                ResultMask=ua.BrowseResultMask.All,
            )
            for _, node in part
        ],
        RequestedMaxReferencesPerNode=500,
    )
    results = await link.client.uaclient.browse(parameters)
    return [
        (path, reference)
        for (path, _), result in zip(part, results, strict=True)
        for reference in result.References or ()
    ]
