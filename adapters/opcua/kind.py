"""OPC UA as a kind of adapter."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.opcua.config import OpcUaSource
from adapters.opcua.interface import FACE, FIELDS
from adapters.opcua.problems import problems
from adapters.opcua.settings import SCHEMES, OpcUaDeviceKeys, OpcUaTagKeys, make_source
from gateway.core.assets import LocalName
from gateway.core.kinds import AdapterContext, AdapterKind, SourceContext, same_key

if TYPE_CHECKING:
    from adapters.opcua.timeline import Memory
    from gateway.core.clock import Clock
    from gateway.core.probing import Browsed, LiveResult
    from gateway.core.protocols import Adapter
    from gateway.core.trust import Trust


def address(_keys: OpcUaDeviceKeys, tag: OpcUaTagKeys) -> str:
    """Say the node."""
    return tag.node


def source_of(context: SourceContext[OpcUaDeviceKeys, OpcUaTagKeys]) -> OpcUaSource:
    """Describe one server."""
    return make_source(
        context.device,
        context.keys,
        context.tags,
        context.plan,
        gateway=context.gateway,
        folder=context.folder,
        data=context.data,
    )


def server_of(source: OpcUaSource) -> Hashable:
    """Name the server: another one has other clocks, sessions and nodes."""
    return source.url


def memory_maker() -> Callable[[OpcUaSource], Memory]:
    """Begin the memories of one gateway."""
    from adapters.opcua.handles import Handles
    from adapters.opcua.timeline import Memory

    handles = Handles()
    return lambda _source: Memory(handles)


def make_adapter(context: AdapterContext[OpcUaSource, Memory]) -> Adapter:
    """Make the adapter of one connection."""
    from adapters.opcua.adapter import OpcUaAdapter

    return OpcUaAdapter(context.source, context.health, context.clock, context.memory)


async def probe(source: OpcUaSource, clock: Clock) -> LiveResult:
    """Look at a server; see `AdapterKind`."""
    from adapters.opcua.probe import look

    return await look(source, clock)


async def browse(source: OpcUaSource, clock: Clock) -> Sequence[Browsed]:
    """List a part of a server's address space."""
    from adapters.opcua.browse import browse as walk

    return await walk(source, clock)


def nearest(found: Sequence[Browsed], wanted: str) -> Sequence[str]:
    """List addresses like one that is not there."""
    from adapters.opcua.browse import nearest as like

    return like(found, wanted)


def trust(data: Path) -> Trust:
    """Open the servers' certificates of a data folder."""
    from adapters.opcua.trust import TrustFolder

    return TrustFolder(data)


KIND: AdapterKind[OpcUaDeviceKeys, OpcUaTagKeys, OpcUaSource, Memory] = AdapterKind(
    name="opcua",
    title=LocalName("OPC UA", "OPC UA"),
    schemes=SCHEMES,
    libraries=("asyncua",),
    device=OpcUaDeviceKeys,
    tag=OpcUaTagKeys,
    interface=FACE,
    fields=FIELDS,
    short_key=same_key("node"),
    problems=problems,
    address=address,
    make_source=source_of,
    memory_maker=memory_maker,
    memory_key=server_of,
    make_adapter=make_adapter,
    probe=probe,
    browse=browse,
    nearest=nearest,
    advice=Path(__file__).parent / "advice.toml",
    trust=trust,
)
