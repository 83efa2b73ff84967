"""Values that a ` #` cuts: a comment begins there, and the rest is gone without a word.

`node: ns=3;s=Motor #1.Speed` is the node `ns=3;s=Motor` to YAML, and that may even exist. What a
person means shows: a comment has a space behind its #, and leaves no quote or bracket open.
"""

from __future__ import annotations

from collections.abc import Iterator

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from gateway.config.findings import Span
from gateway.config.yaml_reader import PLAIN, Document

KEYS = frozenset(
    {"address", "en", "json", "ko", "name", "node", "quality", "tags", "text", "topic"}
)
"""Where a # may belong to what is meant: addresses, paths, names. Numbers and times have none."""
RULERS = "#-=*!"
"""What people draw lines with: `#-----`, `###`."""
BRACKETS = {"(": ")", "[": "]", "{": "}"}


def report_cuts(document: Document) -> None:
    """Report every value of a file that a comment cuts short."""
    for key, node in _values(document.root, ""):
        if key in KEYS and isinstance(node, ScalarNode) and node.tag == PLAIN:
            _look(document, key, node)


def _values(node: Node | None, key: str) -> Iterator[tuple[str, Node]]:
    """Give each value with the key under which it stands."""
    waiting: list[tuple[str, Node]] = [] if node is None else [(key, node)]
    seen: set[int] = set()
    while waiting:
        key, node = waiting.pop()
        if id(node) in seen:
            continue  # a reference: looked at where it was written
        seen.add(id(node))
        yield key, node
        if isinstance(node, MappingNode):
            waiting += [(str(name.value), value) for name, value in node.value]
        elif isinstance(node, SequenceNode):
            waiting += [(key, value) for value in node.value]


def _look(document: Document, key: str, node: ScalarNode) -> None:
    at = node.end_mark
    line = document.lines[at.line] if at.line < len(document.lines) else ""
    rest = line[at.column :]
    gap = len(rest) - len(rest.lstrip())
    behind = rest.lstrip()
    if not behind.startswith("#") or not (gap or line[: at.column].endswith((" ", "\t"))):
        return
    if not _is_meant(key, node.value, behind[1:]):
        return
    whole = f"{node.value} {behind.rstrip()}".replace("'", "''")
    span = Span(at.line + 1, at.column + gap + 1, len(behind.rstrip()))
    document.add_at("E1023", span, key=key, read=node.value, quoted=f"'{whole}'")


def _is_meant(key: str, value: str, behind: str) -> bool:
    """Say whether what stands behind the # belongs to the value."""
    if not behind.strip():
        return key == "topic"  # the wildcard, with a space before it
    if _is_open(value):
        return True
    return not behind[0].isspace() and behind[0] not in RULERS


def _is_open(value: str) -> bool:
    """Say whether a quote or a bracket is left open."""
    if value.count('"') % 2:
        return True
    return any(value.count(begin) > value.count(end) for begin, end in BRACKETS.items())
