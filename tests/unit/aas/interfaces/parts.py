"""Interfaces to write and read, and the environment around one."""

from __future__ import annotations

from typing import Any

import orjson

from aas_models.environment import build_environment
from adapters.mqtt import interface as mqtt
from adapters.opcua import interface as opcua
from gateway.core.assets import AssetInfo, AssetModel, LocalName
from gateway.core.interfaces import Form, Interface, Link, Point, Security
from gateway.core.signals import PlanTable, Signal

BINDINGS = (opcua.BINDING, mqtt.BINDING)
MESSAGE = ((mqtt.PACKET, "subscribe"), (mqtt.QOS, "1"))


def node(address: str) -> Form:
    return Form(opcua.node_href(address))


def topic(name: str, content: str = mqtt.JSON) -> Form:
    return Form(mqtt.topic_href(name), content, MESSAGE)


PRESS = Interface(
    device="press-01",
    binding=opcua.BINDING,
    link=Link(
        "opc.tcp://192.168.10.21:4840",
        security=(
            Security(
                opcua.CHANNEL,
                ((opcua.MODE, "SignAndEncrypt"), (opcua.POLICY, "Basic256Sha256")),
            ),
            Security(opcua.AUTHENTICATION, ((opcua.TOKEN, "UserName"),)),
        ),
        every_s=0.5,
    ),
    points=(
        Point(
            "금형온도_하",
            "GeumhyeongondoHa",
            node("nsu=urn:hanil:press;s=Press1.Mold#1&2 %"),
            type="int16",
            unit="degC",
            low=-20.0,
            high=300.5,
            semantic="0173-1#02-AAV232#002",
            label=LocalName("하부 금형 온도", "Lower mould temperature"),
            every_s=0.1,
            sink=("OperationalData", "Mold.TemperatureLower"),
            extras={"scale": "0.1", "values": '{"0": "stop"}'},
        ),
        Point(
            "Flags",
            "Flags",
            Form("/", terms=((opcua.BROWSE_PATH, "/Objects/2:Press/2:Flags"),)),
            sink=("OperationalData", "Flags"),
        ),
    ),
    extras={"sampling": '"200ms"'},
)
ROOM = Interface(
    device="env-room",
    binding=mqtt.BINDING,
    link=Link("mqtt://127.0.0.1:1883", security=(Security("basic"),)),
    points=(
        Point(
            "Temperature", "Temperature", topic("room/1"), "$.temp", sink=("OperationalData", "T1")
        ),
        Point("Deep", "Deep", topic("room/1"), "$.a.b['x.y']", sink=("OperationalData", "Deep")),
        Point("First", "First", topic("/room/+"), "$.list[0].v", sink=("OperationalData", "First")),
        Point("Scalar", "Scalar", topic("room/#"), "$", sink=("OperationalData", "Scalar")),
        Point("Door", "Door", topic("room/1", mqtt.TEXT), sink=("OperationalData", "Door")),
        Point("Humidity", "Humidity", topic("room/1"), "$.a.hum", sink=("OperationalData", "Hum")),
    ),
)
NAMES = ("OperationalData", "AssetInterfacesDescription", "AssetInterfacesMappingConfiguration")


def environment_of(*interfaces: Interface) -> dict[str, Any]:
    """Give the environment of devices with these interfaces, as it comes out of a file."""
    made = build_environment([_model(each) for each in interfaces]).as_json()
    loaded: dict[str, Any] = orjson.loads(orjson.dumps(made))
    return loaded


def _model(interface: Interface) -> AssetModel:
    name = interface.device
    ids = {each: f"urn:test:{name}:{each}" for each in NAMES}
    signals = tuple(
        Signal(
            index=place,
            device=name,
            name=point.name,
            source=point.form.href,
            aas=f"urn:test:{name}",
            asset=f"urn:test:asset:{name}",
            submodel=ids["OperationalData"],
            submodel_id_short="OperationalData",
            submodel_semantic_id="urn:test:OperationalData",
            element=point.sink[1] if point.sink else point.id_short,
        )
        for place, point in enumerate(interface.points)
    )
    info = AssetInfo(name, f"urn:test:{name}", f"urn:test:asset:{name}")
    return AssetModel(info, PlanTable(name, signals), ids, interface=interface)


def submodel(environment: dict[str, Any], id_short: str) -> dict[str, Any]:
    return next(dict(each) for each in environment["submodels"] if each["idShort"] == id_short)


def changed(node: Any, change: Any) -> None:
    """Call `change` with every element of a submodel or environment."""
    if isinstance(node, dict):
        if "modelType" in node:
            change(node)
        for part in list(node.values()):
            changed(part, change)
    elif isinstance(node, list):
        for part in node:
            changed(part, change)
