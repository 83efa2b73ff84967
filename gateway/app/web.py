"""The HTTP side of a running gateway: what its routes may use of the other rooms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from aas_models.live import LiveValues
from aas_models.repository.repository import Repository
from gateway.app.advice import RunningAdvice
from gateway.app.version import version
from gateway.core.clock import Clock
from gateway.core.errors import AasError
from gateway.core.files import NamedFile
from gateway.core.protocols import ReaderState
from gateway.history.interface import History
from gateway.ops.events import aas as events
from gateway.ops.health import Health
from gateway.spool.log import SqliteSpool

if TYPE_CHECKING:
    from gateway.api.server import ApiServer
    from gateway.api.services import Reload, TakeUsage
    from gateway.config.models import GatewayFile

CONTENT_FILE = "aas/content.db"


def api_server(
    settings: GatewayFile,
    data: Path,
    spool: SqliteSpool,
    health: Health,
    live: LiveValues,
    written: Repository | None,
    clock: Clock,
    take_usage: TakeUsage | None,
    history: Callable[[], History | None] = lambda: None,
    reload: Reload | None = None,
    advice: RunningAdvice | None = None,
) -> ApiServer:
    """Make the HTTP side; the web stack is imported only now, after collection has begun."""
    from gateway.api.problems import NoAdvice
    from gateway.api.server import ApiServer
    from gateway.api.services import Services
    from gateway.app.history_query import history_reader

    site = {"ko": settings.gateway.site.ko, "en": settings.gateway.site.en}

    def readers() -> Sequence[ReaderState]:
        return [spool.reader_state(name) for name in spool.readers()]

    services = Services(
        gateway=settings.gateway.id,
        version=version(),
        epoch=spool.epoch,
        health=health,
        clock=clock,
        aas=written or live,
        append=spool.append,
        head=spool.head,
        readers=readers,
        accounts=lambda: spool.accounts.of,
        site={language: text for language, text in site.items() if text},
        take_usage=take_usage,
        history=history_reader(history),
        reload=reload,
        content=None if written is None else written.content,
        package=_package,
        advice=advice or NoAdvice(),
    )
    return ApiServer(
        services,
        settings.api.listen,
        settings.api.users,
        folder=data,
        hosts=settings.api.hosts,
        origins=settings.api.origins,
    )


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
