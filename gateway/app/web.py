"""The HTTP side of a running gateway: what its routes may use of the other rooms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from aas_models.live import LiveValues
from aas_models.repository.repository import Repository
from gateway.api.aas.ports import AasPort
from gateway.api.ports import Listening, Ports
from gateway.app.advice import RunningAdvice
from gateway.app.destinations import site_names
from gateway.app.version import version
from gateway.config.models import GatewayFile
from gateway.config.plan import GatewayPlan
from gateway.core.clock import Clock
from gateway.core.errors import AasError
from gateway.core.files import NamedFile
from gateway.core.protocols import ReaderState
from gateway.ops.events import aas as events
from gateway.ops.health import Health
from gateway.ops.status import StatusBoard
from gateway.spool.log import SqliteSpool

if TYPE_CHECKING:
    from gateway.api.server import ApiServer

CONTENT_FILE = "aas/content.db"


def status_board(
    plan: GatewayPlan, spool: SqliteSpool, health: Health, clock: Clock, advice: RunningAdvice
) -> StatusBoard:
    """Connect the status to what it shows."""

    def readers() -> Sequence[ReaderState]:
        return [spool.reader_state(name) for name in spool.readers()]

    return StatusBoard(
        plan.settings.gateway.id,
        version(),
        spool.epoch,
        health,
        clock,
        spool.head,
        readers,
        accounts=lambda: spool.accounts.of,
        site=site_names(plan.settings),
        advice=advice,
    )


def aas_port(live: LiveValues, written: Repository | None) -> AasPort:
    """Connect the AAS side of the API to live values and to what people wrote."""
    if written is None:
        return AasPort(live, None, _package)
    return AasPort(written, written.content, _package)


def api_server(settings: GatewayFile, data: Path, ports: Ports) -> ApiServer:
    """Make the HTTP side; the web stack is imported only now, after collection has begun."""
    from gateway.api.server import ApiServer
    from gateway.web.aas_page import page_routes

    keys, board = settings.api, ports.board
    board.label = ports.aas.view.label
    listening = Listening(keys.listen, keys.users, data, keys.hosts, keys.origins)
    pages = page_routes(ports.aas.view, board.gateway, board.site)
    return ApiServer(ports, listening, pages)


def _package(
    document: Mapping[str, Any],
    form: Literal["xml", "aasx"],
    metamodel: Literal["3.0", "3.1"],
    files: Mapping[str, NamedFile],
    thumbnail: NamedFile | None,
) -> bytes:
    """Write a package; what it needs is imported only when somebody asks for one."""
    from aas_models.repository.package import package

    return package(document, form, metamodel, files, thumbnail)


def written_content(live: LiveValues, data: Path) -> Repository | None:
    """Open what people wrote on the AAS side; None, said in the log, where the disk refuses."""
    path = data / CONTENT_FILE
    try:
        return Repository(live, path)
    except (AasError, OSError) as error:
        events.content_unavailable(str(path), str(error))
        return None
