"""Topic filters: which items want a topic. Source: MQTT 5.0 §4.7."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")

TOPIC_BYTES_MAX = 65_535
SHARE = "$share/"


def topic_from_bytes(raw: bytes) -> str:
    """Read the topic of a message.

    Raises:
        ValueError: empty, not UTF-8, or with a character that no topic may have (§1.5.4, §4.7).
    """
    topic = raw.decode()  # UnicodeDecodeError is a ValueError
    if not topic or any(char in topic for char in "+#\x00"):
        raise ValueError("not a topic")
    return topic


def valid_filter(text: str) -> bool:
    """Tell whether `+` stands for a whole level and `#` for the last one (§4.7.1)."""
    if not text or "\x00" in text or len(text.encode()) > TOPIC_BYTES_MAX:
        return False
    levels = unshared(text).split("/")
    if not unshared(text) or any("#" in level for level in levels[:-1]):
        return False
    return all(level in {"+", "#"} or not ("+" in level or "#" in level) for level in levels)


def unshared(text: str) -> str:
    """Give the filter that a shared subscription `$share/group/filter` stands for (§4.8.2)."""
    return text.split("/", 2)[2] if text.startswith(SHARE) and text.count("/") >= 2 else text


@dataclass(slots=True)
class _Node(Generic[T]):
    children: dict[str, _Node[T]] = field(default_factory=dict)
    here: list[T] = field(default_factory=list)
    below: list[T] = field(default_factory=list)
    """What a `#` at this level wants."""


class TopicTree(Generic[T]):
    """Filters and what stands behind each; asked once for each topic, answers are cached above."""

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()

    def add(self, text: str, value: T) -> None:
        """Let a filter lead to a value."""
        node = self._root
        levels = unshared(text).split("/")
        for level in levels[:-1] if levels[-1] == "#" else levels:
            node = node.children.setdefault(level, _Node())
        (node.below if levels[-1] == "#" else node.here).append(value)

    def match(self, topic: str) -> list[T]:
        """Give all whose filter matches; a wildcard never matches `$SYS` and its like (§4.7.2)."""
        return list(self._walk(self._root, topic.split("/"), 0, topic.startswith("$")))

    def _walk(self, node: _Node[T], levels: list[str], depth: int, hidden: bool) -> Iterator[T]:
        wild = not (hidden and depth == 0)
        if wild:
            yield from node.below
        if depth == len(levels):
            yield from node.here
            return
        for level in (levels[depth], "+") if wild else (levels[depth],):
            child = node.children.get(level)
            if child is not None:
                yield from self._walk(child, levels, depth + 1, hidden)
