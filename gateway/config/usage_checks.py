"""What only shows when the keys of `usage:` are looked at together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from gateway.config.usage import KpiDelivery, UsageDelivery, UsageKeys
from gateway.config.yaml_reader import Document
from gateway.core.hosts import is_loopback
from gateway.core.intake_kinds import AnyIntakeKind

Path = tuple[Any, ...]


def check_usage(usage: UsageKeys, document: Document, kinds: Sequence[AnyIntakeKind]) -> None:
    """Report what is wrong in `usage:`."""
    _receiver(usage, document)
    _sources(usage, document, kinds)
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


def _sources(usage: UsageKeys, document: Document, kinds: Sequence[AnyIntakeKind]) -> None:
    for kind in kinds:
        entries = usage.entries(kind.section)
        _names(kind.section, entries, document)
        for place, entry in enumerate(entries):
            path = ("usage", kind.section, place)
            for each in kind.problems(entry, document.path.parent):
                document.add(each.code, (*path, *each.path), at_key=each.at_key, **each.facts)


def _names(group: str, entries: Sequence[Any], document: Document) -> None:
    names: dict[str, int] = {}
    for place, entry in enumerate(entries):
        first = names.setdefault(entry.name, place)
        if first != place:
            line = document.span(("usage", group, first, "name")).line
            path = ("usage", group, place, "name")
            document.add("E1221", path, name=entry.name, line=line)


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
