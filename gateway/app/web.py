"""The HTTP side of a running gateway: what its routes may use of the other rooms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aas_models.live import LiveValues
from gateway.app.version import version
from gateway.core.clock import Clock
from gateway.core.protocols import ReaderState
from gateway.history.interface import History
from gateway.ops.health import Health
from gateway.spool.log import SqliteSpool

if TYPE_CHECKING:
    from gateway.api.server import ApiServer
    from gateway.api.services import Reload, TakeUsage
    from gateway.app.config.models import GatewayFile


def api_server(
    settings: GatewayFile,
    data: Path,
    spool: SqliteSpool,
    health: Health,
    live: LiveValues,
    clock: Clock,
    take_usage: TakeUsage | None,
    history: Callable[[], History | None] = lambda: None,
    reload: Reload | None = None,
) -> ApiServer:
    """Make the HTTP side; the web stack is imported only now, after collection has begun."""
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
        aas=live,
        append=spool.append,
        head=spool.head,
        readers=readers,
        site={language: text for language, text in site.items() if text},
        take_usage=take_usage,
        history=history_reader(history),
        reload=reload,
    )
    return ApiServer(
        services,
        settings.api.listen,
        settings.api.users,
        folder=data,
        hosts=settings.api.hosts,
        origins=settings.api.origins,
    )
