"""What only shows when the keys of `usage:` are looked at together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from gateway.config.usage import (
    KpiDelivery,
    UsageColumns,
    UsageDatabase,
    UsageDelivery,
    UsageFile,
    UsageKeys,
)
from gateway.config.yaml_reader import Document
from gateway.core.hosts import is_loopback

DATABASES = ("postgresql", "mysql", "mariadb", "mssql", "oracle", "sqlite")
Path = tuple[Any, ...]


def check_usage(usage: UsageKeys, document: Document) -> None:
    """Report what is wrong in `usage:`."""
    _receiver(usage, document)
    _sources(usage, document)
    _deliveries(usage, document)
    if usage.address.loopback == "site" and usage.address.site is None:
        path = ("usage", "address", "loopback")
        document.add("E1307", path, at_key=True, key="loopback: site", needs="site")


def _receiver(usage: UsageKeys, document: Document) -> None:
    receiver = usage.receiver
    if receiver is None:
        return
    place = ("usage", "receiver")
    for key in ("reply", "check_key"):
        wanted = receiver.check_key if key == "check_key" else receiver.reply == "relay"
        if wanted and not _log_deliveries(usage):
            document.add("E1307", (*place, key), at_key=True, key=key, needs="deliver")
    if receiver.tls is not None:
        _file_there(receiver.tls.certificate, document, (*place, "tls", "certificate"))


def _sources(usage: UsageKeys, document: Document) -> None:
    groups: tuple[tuple[str, Sequence[UsageColumns]], ...] = (
        ("files", usage.files),
        ("folders", usage.folders),
        ("databases", usage.databases),
        ("mqtt", usage.mqtt),
    )
    for group, entries in groups:
        _names(group, entries, document)
        for place, entry in enumerate(entries):
            path = ("usage", group, place)
            if isinstance(entry, UsageFile):
                _pattern(entry, document, path)
            if isinstance(entry, UsageDatabase):
                _database(entry, document, path)


def _names(group: str, entries: Sequence[Any], document: Document) -> None:
    names: dict[str, int] = {}
    for place, entry in enumerate(entries):
        first = names.setdefault(entry.name, place)
        if first != place:
            line = document.span(("usage", group, first, "name")).line
            path = ("usage", group, place, "name")
            document.add("E1221", path, name=entry.name, line=line)


def _pattern(entry: UsageFile, document: Document, path: Path) -> None:
    if entry.format != "regex":
        return
    if not entry.pattern:
        document.add("E1307", (*path, "format"), at_key=True, key="format: regex", needs="pattern")
        return
    try:
        groups = re.compile(entry.pattern).groupindex
    except re.error as error:
        document.add("E1222", (*path, "pattern"), problem=str(error))
        return
    for field, column in entry.columns.items():
        if isinstance(column, str) and column not in groups:
            problem = f"(?P<{column}>...)"
            document.add("E1222", (*path, "columns", field), problem=problem)


def _database(entry: UsageDatabase, document: Document, path: Path) -> None:
    if urlsplit(entry.connect).scheme not in DATABASES:
        known = ", ".join(f"{name}:" for name in DATABASES)
        document.add("E1223", (*path, "connect"), address=entry.connect, known=known)
    if entry.flag is not None and entry.watermark is not None:
        document.add("E1208", (*path, "watermark"), at_key=True, key="watermark", other="flag")
    if entry.flag is None and entry.watermark is None:
        document.add("E1307", (*path, "table"), at_key=True, key="table", needs="flag")


def _deliveries(usage: UsageKeys, document: Document) -> None:
    _names("deliver", usage.deliver, document)
    taken: dict[str, str] = {}
    for place, entry in enumerate(usage.deliver):
        path = ("usage", "deliver", place)
        _plain(entry.url, document, (*path, "url"))
        if isinstance(entry, UsageDelivery):
            _same_privacy(usage, entry, document, path)
            for solution in entry.solutions or ("*",):
                other = taken.setdefault(solution, entry.name)
                if other != entry.name:
                    document.add("E1224", (*path, "name"), name=entry.name, other=other)
            for key in ("codes", "ca"):
                if getattr(entry, key) is not None:
                    _file_there(getattr(entry, key), document, (*path, key))


def _same_privacy(usage: UsageKeys, entry: UsageDelivery, document: Document, path: Path) -> None:
    first = _log_deliveries(usage)[0]
    if entry.user != first.user:
        document.add("E1225", (*path, "user"), user=entry.user, other=first.user)


def _log_deliveries(usage: UsageKeys) -> list[UsageDelivery]:
    return [entry for entry in usage.deliver if not isinstance(entry, KpiDelivery)]


def _plain(url: str, document: Document, path: Path) -> None:
    parts = urlsplit(url)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        document.add("W1502", path, url=url)


def _file_there(name: str, document: Document, path: Path) -> None:
    if not (document.path.parent / name).is_file():
        document.add("E1304", path, path=name)
