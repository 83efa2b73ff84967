"""An AASX that basyx wrote, dropped onto a running gateway: data flows and nobody else notices."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from basyx.aas import model
from basyx.aas.adapter.aasx import AASXWriter, DictSupplementaryFileContainer

from gateway.cli.client import Client, ServiceUnreachable
from tests.ports import free_port

pytestmark = pytest.mark.slow
NAMESPACE = "urn:simulator:press-line"
AID = "https://admin-shell.io/idta/AssetInterfacesDescription/"
AIMC = "https://admin-shell.io/idta/AssetInterfacesMappingConfiguration/2/0/"
POINTS = {"Force": "Press1.Ram.Force", "Position": "Press1.Ram.Position"}
OTHER = """version: 1
device: moulder
connect: opc.tcp://127.0.0.1:{port}
security: {{ mode: None, unsafe: true }}
every: 100ms
tags:
  - Pressure: nsu=urn:simulator:press-line;s=Imm1.Injection.Pressure
"""


def meaning(text: str) -> model.ExternalReference:
    return model.ExternalReference((model.Key(model.KeyTypes.GLOBAL_REFERENCE, text),))


def prop(id_short: str, value: str) -> model.Property:
    return model.Property(id_short, model.datatypes.String, value)


def group(id_short: str | None, *parts: Any, term: str = "") -> model.SubmodelElementCollection:
    semantic = meaning(term) if term else None
    return model.SubmodelElementCollection(id_short, parts, semantic_id=semantic)


def reference(submodel: str, *steps: tuple[model.KeyTypes, str]) -> model.ModelReference[Any]:
    keys = (model.Key(model.KeyTypes.SUBMODEL, submodel), *(model.Key(*step) for step in steps))
    return model.ModelReference(keys, model.SubmodelElement)


def listing(id_short: str, parts: list[Any], kind: Any) -> Any:
    return model.SubmodelElementList(id_short, kind, parts, order_relevant=False)


def description(port: int) -> model.Submodel:
    """The interface as somebody else would write it: only what the template demands."""
    below = model.KeyTypes.SUBMODEL_ELEMENT_COLLECTION
    scheme = reference(
        "urn:t:aid", (below, "Line"), (below, "EndpointMetadata"),
        (below, "securityDefinitions"), (below, "nosec_sc"),
    )  # fmt: skip
    endpoint = group(
        "EndpointMetadata",
        prop("base", f"opc.tcp://127.0.0.1:{port}"),
        prop("contentType", "application/octet-stream"),
        listing("security", [model.ReferenceElement(None, scheme)], model.ReferenceElement),
        group("securityDefinitions", group("nosec_sc", prop("scheme", "nosec"))),
    )
    properties = [
        group(
            name,
            model.Property("observable", model.datatypes.Boolean, True),
            prop("unit", "kN" if name == "Force" else "mm"),
            group("forms", prop("href", f"/?id=nsu={NAMESPACE};s={node}")),
        )
        for name, node in POINTS.items()
    ]
    interface = group(
        "Line",
        prop("title", "Press line"),
        endpoint,
        group("InteractionMetadata", group("properties", *properties)),
        term=f"{AID}1/1/Interface",
    )
    return model.Submodel(
        "urn:t:aid", [interface], "Interfaces", semantic_id=meaning(f"{AID}1/1/Submodel")
    )


def mapping() -> model.Submodel:
    below, leaf = model.KeyTypes.SUBMODEL_ELEMENT_COLLECTION, model.KeyTypes.PROPERTY
    sources, sinks = [], []
    for name in POINTS:
        source = reference(
            "urn:t:aid", (below, "Line"), (below, "InteractionMetadata"),
            (below, "properties"), (below, name),
        )  # fmt: skip
        sources.append(
            group(None, model.ReferenceElement("Source", source), prop("SourceId", name))
        )
        sink = reference("urn:t:data", (below, "Ram"), (leaf, name))
        sinks.append(group(None, model.ReferenceElement("Sink", sink), prop("SinkId", name)))
    configuration = group(
        None,
        model.Property("DefaultPollingInterval", model.datatypes.Double, 0.1),
        listing("Sources", sources, model.SubmodelElementCollection),
        listing("Sinks", sinks, model.SubmodelElementCollection),
    )
    outer = listing("MappingConfigurations", [configuration], model.SubmodelElementCollection)
    return model.Submodel("urn:t:aimc", [outer], semantic_id=meaning(f"{AIMC}Submodel"))


def package(path: Path, port: int) -> None:
    leaves = [model.Property(name, model.datatypes.Double) for name in POINTS]
    data = model.Submodel("urn:t:data", [group("Ram", *leaves)], "OperationalData")
    submodels = [description(port), mapping(), data]
    shell = model.AssetAdministrationShell(
        model.AssetInformation(global_asset_id="https://hanil.example/asset/9"),
        "urn:t:aas",
        "PressNine",
        submodel={model.ModelReference.from_referable(each) for each in submodels},
    )
    store: Any = model.DictIdentifiableStore([shell, *submodels])
    with AASXWriter(str(path)) as writer:
        writer.write_aas(shell.id, store, DictSupplementaryFileContainer())  # type: ignore[no-untyped-call]


@contextlib.asynccontextmanager
async def process(log: Path, *command: str) -> AsyncIterator[asyncio.subprocess.Process]:
    with log.open("ab") as file:
        started = await asyncio.create_subprocess_exec(
            sys.executable, "-m", *command, stdout=file, stderr=file
        )
        try:
            yield started
        finally:
            if started.returncode is None:
                started.kill()
            await started.wait()


async def until(check: Callable[[], Any], seconds: float) -> float:
    """Wait for a truth and give how long it took."""
    began = time.monotonic()
    async with asyncio.timeout(seconds):
        while True:
            with contextlib.suppress(ServiceUnreachable, StopIteration):
                if await asyncio.to_thread(check):
                    return time.monotonic() - began
            await asyncio.sleep(0.02)


async def command(*words: str) -> tuple[int, str]:
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateway", *words, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await started.communicate()
    return started.returncode or 0, out.decode()


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[tuple[Path, int]]:
    """A press line, and a gateway that collects one of its machines."""
    opcua, api = free_port(), free_port()
    config = tmp_path / "config"
    (config / "devices").mkdir(parents=True)
    (config / "gateway.yaml").write_text(
        "version: 1\ngateway: { id: edge }\ndevices: devices/*.yaml\n"
        f'api: {{ listen: "127.0.0.1:{api}" }}\n'
    )
    (config / "devices" / "moulder.yaml").write_text(OTHER.format(port=opcua))
    ports = ("--port", str(opcua), "--control-port", str(free_port()))
    line = ("simulators.opcua_press", *ports, "--signals", "0", "--hz", "20")
    run = ("gateway", "run", str(config), "--data", str(tmp_path / "data"))
    async with process(tmp_path / "line.log", *line), process(tmp_path / "gateway.log", *run):
        yield tmp_path, opcua


def device(folder: Path, name: str) -> dict[str, Any]:
    status = Client.of(folder / "data").get("/api/status")
    return next(dict(each) for each in status["devices"] if each["device"] == name)


async def test_data_flows_soon_after_apply_and_no_other_subscription_is_touched(
    site: tuple[Path, int],
) -> None:
    folder, port = site
    await until(lambda: device(folder, "moulder")["samples"] > 0, 60)
    before = device(folder, "moulder")
    package(folder / "press.aasx", port)
    where = ["--config", str(folder / "config"), "--data", str(folder / "data")]

    code, said = await command("aas", "plan", str(folder / "press.aasx"), *where, "--json")
    plan = json.loads(said)
    assert code == 0, said
    assert plan["devices"]["pressnine"]["kind"] == "added"
    assert set(plan["live"]["pressnine"]["good"]) == set(POINTS)
    assert not (folder / "config" / "devices" / "pressnine.yaml").exists()

    code, said = await command("aas", "apply", str(folder / "press.aasx"), *where, "--json")
    applied = json.loads(said)
    assert code == 0, said
    assert applied["service"]["added"] == ["pressnine"]
    took = await until(lambda: device(folder, "pressnine")["samples"] > 0, 30)
    print(f"values flow {took:.1f} s after the file was written")

    rows = Client.of(folder / "data").get("/api/live", {"device": "pressnine"})["rows"]
    assert {(row["element"], row["unit"]) for row in rows} == {
        ("Ram.Force", "kN"),
        ("Ram.Position", "mm"),
    }
    after = device(folder, "moulder")
    assert after["connects"] == before["connects"] == 1
    await until(lambda: device(folder, "moulder")["samples"] > after["samples"], 10)

    code, said = await command("aas", "apply", str(folder / "press.aasx"), *where, "--json")
    assert json.loads(said)["service"]["state"] == "unchanged", "a second time changes nothing"
