"""Every row of the table of servers in docs/machines: its lines read a server that behaves so."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from adapters.opcua.config import OpcUaSource
from adapters.opcua.library import ua
from adapters.opcua.probe import probe
from adapters.opcua.trust import Decision, TrustStore
from gateway.app.kinds import KINDS
from gateway.config.plan import load_plan
from tests.services.certificates import ODD
from tests.services.node_opcua import URI
from tests.services.odd_opcua import Odd, behaving, greeter, odd_server
from tests.unit.docs.pages import ROOT

pytestmark = pytest.mark.asyncio(loop_scope="module")
PAGES = ("machines.md", "machines.ko.md")
HEADING = re.compile(r"### (Which server needs which lines|어떤 서버에 어떤 줄이 필요한가)\n")
BEST = "Basic256Sha256"
Refuse = Callable[[str, str], int | None]


def _only_discovery(path: str, policy: str) -> int | None:
    plain = policy == "None" and not path.endswith("/discovery")
    return int(ua.StatusCodes.BadSecurityPolicyRejected) if plain else None


def _only_own_path(path: str, _policy: str) -> int | None:
    known = path in ("/UA/Line", "")
    return None if known else int(ua.StatusCodes.BadTcpEndpointUrlInvalid)


@dataclass(frozen=True, slots=True)
class Situation:
    """How the server behaves, and with which reason it is refused before the lines do their work.

    `without` is a line of the row whose absence is the difference; "" where a person decides.
    """

    manners: dict[str, Any] = field(default_factory=dict)
    refuse: Refuse | None = None
    reason: str = ""
    without: str = ""


PLAIN = {"policies": ["None"]}
SAFE = {"policies": ["None", BEST]}
SITUATIONS = (
    Situation(SAFE),
    Situation(SAFE),
    Situation(SAFE),
    Situation(SAFE),
    Situation({**SAFE, "endpoint_url": "opc.tcp://plc.invalid:4840/UA/Line"}, _only_own_path),
    Situation(SAFE, _only_discovery),
    Situation(
        {"policies": [BEST], "session_endpoints": None},
        reason="session-without-endpoints",
        without="security:",
    ),
    Situation(
        {**SAFE, "certificate": ODD["a default value that is spelled out"]()},
        reason="certificate-malformed",
    ),
    Situation(
        {"policies": ["None", "Basic256", "Basic128Rsa15"]},
        reason="policy-outdated",
        without="security:",
    ),
    Situation(PLAIN, reason="security-none", without="security:"),
    Situation({**SAFE, "granted": (1000.0, 1)}, reason="granted-less", without="sampling:"),
)
"""In the order of the rows."""


def rows(page: str) -> list[str]:
    """Give the device file of each row."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    table = HEADING.split(text)[-1].partition("\n#")[0]
    cells = [
        re.split(r"(?<!\\)\|", line)[2] for line in table.splitlines() if line.startswith("| ")
    ]
    return ["\n".join(re.findall(r"`([^`]*)`", cell)).replace("\\|", "|") for cell in cells[1:]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Odd]:
    async with odd_server(tmp_path_factory.mktemp("odd")) as made:
        yield made


def made_of(lines: str, host: str, index: int, folder: Path) -> OpcUaSource:
    """Read a row as a device file whose server stands at `host`."""
    moved = re.sub(r"opc\.tcp://[^/\s]+", f"opc.tcp://{host}", lines)
    moved = re.sub(r"ns=\d", f"ns={index}", moved)
    (folder / "devices").mkdir(exist_ok=True)
    (folder / "gateway.yaml").write_text("gateway: { id: edge-07 }\n", "utf-8")
    (folder / "devices" / "plc.yaml").write_text(moved, "utf-8")
    found = load_plan(folder, folder / "data", {}, KINDS).devices["plc"].source
    assert isinstance(found, OpcUaSource)
    return found


async def outcome(source: OpcUaSource) -> str:
    """Give what check --live says, after a person has accepted a certificate that is right."""
    (first,) = await probe(source)
    if first.status != "certificate-unknown":
        return first.status
    accept(source)
    (second,) = await probe(source)
    return second.status


def accept(source: OpcUaSource) -> None:
    store = TrustStore(source.trust_folder)
    for entry in store.entries():
        store.decide(entry, Decision.TRUSTED)


def without(lines: str, start: str) -> str:
    """Leave a line away; what is asked for then is more than the server grants."""
    kept = "\n".join(line for line in lines.splitlines() if not line.startswith(start))
    return kept.replace("queue: 1", "sampling: 100ms, queue: 100")


@pytest.mark.parametrize("page", PAGES)
async def test_every_row_has_a_situation(page: str) -> None:
    assert len(rows(page)) == len(SITUATIONS)
    assert rows(page) == rows(PAGES[0])


@pytest.mark.parametrize("place", range(len(SITUATIONS)))
async def test_the_lines_of_a_row_read_the_server_of_the_row(
    shared: Odd, tmp_path: Path, place: int
) -> None:
    situation, lines = SITUATIONS[place], rows(PAGES[0])[place]
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(behaving(shared, **situation.manners))
        port = server.port
        if situation.refuse is not None:
            relay = greeter(server.port, situation.refuse)
            port = (await stack.enter_async_context(relay)).port
        index = await server.server.get_namespace_index(URI)
        host = f"127.0.0.1:{port}"
        if situation.reason:
            less = without(lines, situation.without) if situation.without else lines
            assert await outcome(made_of(less, host, index, tmp_path)) == situation.reason
        source = made_of(lines, host, index, tmp_path)
        if situation.reason.startswith("certificate"):
            accept(source)
        assert await outcome(source) == "good"
