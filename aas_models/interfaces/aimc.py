"""Asset Interfaces Mapping Configuration 2.0 of a device. Source: IDTA 02027-2-0.

One configuration for the device's interface. Without a Transformation, sources and sinks belong
together by equal ids; scale, expression and states stand at the property (see `aid`), because a
Lua program cannot be read back as what somebody wrote.
"""

from __future__ import annotations

from aas_models.elements import Json, element, submodel
from aas_models.interfaces import terms
from aas_models.interfaces.aid import layout_of, path_of
from aas_models.interfaces.parts import collections_to, listing, path_reference, typed
from aas_models.interfaces.terms import CONFIGURATION
from gateway.core.interfaces import Interface
from gateway.core.signals import PlanTable, Signal

SMC = "SubmodelElementCollection"


def mapping_configuration(
    identifier: str, description: str, interface: Interface, table: PlanTable
) -> Json:
    """Make the submodel.

    Args:
        identifier: its id; description: the id of the Asset Interfaces Description.
        table: the signals of the interface's points, in their order.
    """
    return submodel(
        identifier,
        terms.AIMC_ID_SHORT,
        terms.AIMC_SUBMODEL,
        [
            listing(
                "MappingConfigurations",
                terms.CONFIGURATIONS,
                CONFIGURATION,
                SMC,
                [_configuration(description, interface, table)] if interface.points else [],
            )
        ],
        version=("2", "0"),
        template=terms.AIMC_TEMPLATE,
    )


def _configuration(description: str, interface: Interface, table: PlanTable) -> Json:
    parts = []
    if interface.link.every_s is not None:
        parts.append(_seconds("DefaultPollingInterval", interface.link.every_s, CONFIGURATION))
    parts.append(_sources(description, interface))
    sinks = [
        _sink(point.id_short, signal)
        for point, signal in zip(interface.points, table.signals, strict=True)
    ]
    sink = f"{CONFIGURATION}/Sink"
    parts.append(listing("Sinks", f"{CONFIGURATION}/Sinks", sink, SMC, sinks))
    return element(SMC, None, semantic_id=CONFIGURATION, value=parts)


def _sources(description: str, interface: Interface) -> Json:
    layout, term = layout_of(interface), f"{CONFIGURATION}/Source"
    sources = []
    for point in interface.points:
        target = path_reference(description, path_of(interface, layout, point))
        parts = [
            element("ReferenceElement", "Source", semantic_id=f"{term}/Source", value=target),
            typed("SourceId", point.id_short, f"{term}/SourceId"),
        ]
        if point.every_s is not None:
            parts.append(_seconds("PollingInterval", point.every_s, term))
        sources.append(element(SMC, None, semantic_id=term, value=parts))
    return listing("Sources", f"{CONFIGURATION}/Sources", term, SMC, sources)


def _sink(name: str, signal: Signal) -> Json:
    term = f"{CONFIGURATION}/Sink"
    *groups, leaf = signal.element.split(".")
    target = path_reference(signal.submodel, [*collections_to(*groups), ("Property", leaf)])
    parts = [
        element("ReferenceElement", "Sink", semantic_id=f"{term}/Sink", value=target),
        typed("SinkId", name, f"{term}/SinkId"),
    ]
    return element(SMC, None, semantic_id=term, value=parts)


def _seconds(id_short: str, seconds: float, above: str) -> Json:
    return typed(id_short, repr(float(seconds)), f"{above}/{id_short}", "xs:double")
