"""Reads a YAML file with the C parser and keeps where every key and value stands.

Rules of YAML 1.2: `on`, `off`, `no` and `22:30` stay text. Duplicate keys, tabs, unknown tags and
a swarm of anchors are errors. Positions are looked up in the parser's own nodes when a finding
needs one, so a good file costs nothing for them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from yaml._yaml import CParser
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from gateway.config.encoding import decode
from gateway.config.findings import Report, Span
from gateway.config.syntax import explain, find_tab

BYTES_MAX = 8_000_000
DEPTH_MAX = 32
ALIASES_MAX = 64
PLAIN, QUOTED = "plain", "quoted"
DIGITS_MAX = 40
TAGS = {"!secret": "secret", "!env": "env", "!file": "file"}

_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **{sign + word: float(f"{sign}inf") for sign in ("", "+", "-")
       for word in (".inf", ".Inf", ".INF")},
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}  # fmt: skip
_NUMBER_START = frozenset("0123456789+-.")
_STANDARD = "tag:yaml.org,2002:"

Resolve = Callable[["Document", str, ScalarNode], Any]
"""Gives what `!kind name` stands for; reports what is not there and gives an empty reference."""


class _Composer(CParser):
    """Only says whether a scalar was plain; types are decided by the builder."""

    def resolve(self, kind: type[Node], value: Any, implicit: Any) -> str:  # noqa: ARG002 - the interface has it
        return PLAIN if kind is ScalarNode and implicit[0] else QUOTED

    def descend_resolver(self, parent: Any, index: Any) -> None: ...

    def ascend_resolver(self) -> None: ...


@dataclass(slots=True)
class Document:
    """One file: its data and where everything in it stands."""

    file: str
    path: Path
    lines: list[str]
    report: Report
    root: Node | None = None
    data: Any = None
    broken: bool = False

    def span(self, path: Iterable[Any], *, key: bool = False) -> Span:
        """Give the place of the value at this path, of its key on request, or of what is nearest.

        Parts that are not in the file (names of union branches) are passed over.
        """
        found_key, found = None, self.root
        for part in path:
            step = _step(found, part)
            if step is not None:
                found_key, found = step
        if key and found_key is not None:
            return span_of(found_key, self.lines)
        return span_of(found, self.lines) if found is not None else Span(1, 1)

    def add(
        self, code: str, path: Iterable[Any], /, *, at_key: bool = False, **facts: object
    ) -> None:
        """Report something about the value (or key) at a path."""
        self.report.add(code, self.file, self.span(path, key=at_key), self.lines, **facts)

    def add_at(self, code: str, span: Span | None, /, **facts: object) -> None:
        """Report something at a place."""
        self.report.add(code, self.file, span, self.lines, **facts)


def _step(node: Node | None, part: Any) -> tuple[Node | None, Node] | None:
    if isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
        return None, node.value[part]
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if isinstance(key, ScalarNode) and key.value == str(part):
                return key, value
    return None


def span_of(node: Node, lines: Sequence[str]) -> Span:
    """Give the place of a node; of a block only its first line."""
    start, end = node.start_mark, node.end_mark
    line = lines[start.line] if start.line < len(lines) else ""
    last = end.column if end.line == start.line else len(line.rstrip())
    return Span(start.line + 1, start.column + 1, max(1, last - start.column))


def read(
    path: Path,
    file: str,
    report: Report,
    resolve: Resolve,
    normalise: Callable[[Node], None] | None = None,
    content: bytes | None = None,
) -> Document:
    """Read one file; what is wrong goes to the report and marks the document as broken.

    Args:
        path: where it is; file: how it is named in messages.
        resolve: what `!secret` and the like stand for.
        normalise: may rewrite short forms in the node tree before it becomes data.
        content: what the file would hold, instead of what it holds.
    """
    document = Document(file, path, [], report)
    text = _text(document, content)
    if text is None:
        document.broken = True
        return document
    document.root = _compose(document, text)
    if document.root is None:
        document.broken = True
        return document
    if normalise is not None:
        normalise(document.root)
    document.data = _Builder(document, resolve).build(document.root, 0)
    return document


def _text(document: Document, content: bytes | None) -> str | None:
    try:
        size = document.path.stat().st_size if content is None else len(content)
        if size > BYTES_MAX:
            document.add_at("E1017", None, most="8MB")
            return None
        raw = document.path.read_bytes() if content is None else content
    except OSError as error:
        document.add_at("E1001", None, reason=error.strerror or str(error))
        return None
    decoded = decode(raw)
    document.lines = decoded.text.splitlines()
    if decoded.code is not None:
        document.add_at(decoded.code, decoded.span, encoding=decoded.encoding)
        return None
    return decoded.text


def _compose(document: Document, text: str) -> Node | None:
    tab = find_tab(document.lines) if "\t" in text else None
    if tab is not None:
        document.add_at(tab.code, tab.span, **tab.facts)
        return None
    composer = _Composer(text)
    try:
        root: Node | None = composer.get_single_node()
    except yaml.composer.ComposerError as error:
        code = "E1018" if "single document" in str(error.context) else None
        problem = explain(error, document.lines)
        document.add_at(code or problem.code, problem.span, **problem.facts)
        return None
    except yaml.MarkedYAMLError as error:
        problem = explain(error, document.lines)
        document.add_at(problem.code, problem.span, **problem.facts)
        return None
    except yaml.reader.ReaderError as error:
        head = text.encode()[: error.position].decode(errors="replace")
        span = Span(head.count("\n") + 1, len(head) - head.rfind("\n"))
        document.add_at("E1005", span, word="", problem=error.reason)
        return None
    finally:
        composer.dispose()
    if root is None:
        document.add_at("E1014", None)
    return root


class _Builder:
    """Turns nodes into plain dicts, lists and scalars."""

    def __init__(self, document: Document, resolve: Resolve) -> None:
        self._document = document
        self._resolve = resolve
        self._seen: set[int] = set()
        self._aliases = 0

    def build(self, node: Node, depth: int) -> Any:
        if isinstance(node, ScalarNode):
            return self._scalar(node)
        if depth > DEPTH_MAX:
            self._refuse("E1019", node, most=DEPTH_MAX)
            return None
        if self._is_alias(node) and self._aliases > ALIASES_MAX:
            if self._aliases == ALIASES_MAX + 1:
                self._refuse("E1021", node, most=ALIASES_MAX)
            return None
        if isinstance(node, SequenceNode):
            return [self.build(item, depth + 1) for item in node.value]
        return self._mapping(node, depth)

    def _is_alias(self, node: Node) -> bool:
        """The parser gives the same node again wherever an alias stands."""
        if id(node) not in self._seen:
            self._seen.add(id(node))
            return False
        self._aliases += 1
        return True

    def _mapping(self, node: Node, depth: int) -> dict[Any, Any]:
        data: dict[Any, Any] = {}
        keys: dict[Any, Node] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                self._refuse("E1016", key_node)
                continue
            key = self._scalar(key_node)
            if key in keys:
                first = keys[key].start_mark.line + 1
                self._refuse("E1020", key_node, key=key_node.value, line=first)
                continue
            keys[key] = key_node
            data[key] = self.build(value_node, depth + 1)
        return data

    def _scalar(self, node: ScalarNode) -> Any:
        tag, text = node.tag, node.value
        if tag == PLAIN:
            return plain(text)
        if tag == QUOTED:
            return text
        if tag in TAGS:
            return self._resolve(self._document, TAGS[tag], node)
        if tag == f"{_STANDARD}str":
            return text
        self._refuse("E1015", node, word=tag.replace(_STANDARD, "!!"))
        return None

    def _refuse(self, code: str, node: Node, **facts: object) -> None:
        self._document.broken = True
        facts.setdefault("word", "")
        self._document.add_at(code, span_of(node, self._document.lines), **facts)


def plain(text: str) -> Any:
    """Give what an unquoted word means under the core schema of YAML 1.2."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in _NUMBER_START and len(text) <= DIGITS_MAX:
        if _INT.fullmatch(text):
            return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)
        if _FLOAT.fullmatch(text):
            return float(text)
    return text
