"""Reads the pages for people: what stands in them that can be checked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
ROW = re.compile(r"^\| `([a-z_.]+)` \| (?:`([^`]+)`|-) \| (.+) \|$", re.MULTILINE)
COMMAND = re.compile(r"\s*(?:\$ )?(?:\S*/)?gateway((?:\s+\S+)+)")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language word and its text."""

    language: str
    text: str


def english() -> list[Path]:
    """Give the English pages: those of docs/ and README.md."""
    pages = [page for page in (ROOT / "docs").glob("*.md") if not page.name.endswith(".ko.md")]
    return [ROOT / "README.md", *sorted(pages)]


def korean(page: Path) -> Path:
    """Give a page's Korean twin, whether it is there or not."""
    return page.with_name(page.name.removesuffix(".md") + ".ko.md")


def all_pages() -> list[Path]:
    """Give every page in both languages."""
    return [*english(), *(twin for page in english() if (twin := korean(page)).exists())]


def readmes() -> list[Path]:
    """Give the pages that stand beside the code, in English only."""
    return [*sorted(ROOT.glob("adapters/*/README.md")), ROOT / "simulators" / "README.md"]


def for_developers() -> list[Path]:
    """Give the pages for those who change the code."""
    return [ROOT / name for name in ("ARCHITECTURE.md", "DECISIONS.md", "CHANGELOG.md")]


def every_page() -> list[Path]:
    """Give all pages there are."""
    return [*all_pages(), *readmes(), *for_developers()]


def plain(page: Path) -> str:
    """Give a page's text with single spaces, so that a sentence may be wrapped anywhere."""
    return " ".join(page.read_text(encoding="utf-8").split())


def sections(page: Path) -> list[str]:
    """Give the prose and tables under each heading, without code."""
    prose = FENCE.sub("", page.read_text(encoding="utf-8"))
    return re.split(r"^#+ .*$", prose, flags=re.MULTILINE)


def named(page: Path) -> list[str]:
    """Give what stands in single back-quotes, outside blocks."""
    return re.findall(r"`([^`\n]+)`", FENCE.sub("", page.read_text(encoding="utf-8")))


def blocks(page: Path) -> list[Block]:
    """Give a page's fenced blocks in order."""
    return [Block(*found) for found in FENCE.findall(page.read_text(encoding="utf-8"))]


def headings(page: Path) -> list[int]:
    """Give the level of each heading in order."""
    prose = FENCE.sub("", page.read_text(encoding="utf-8"))
    return [len(found) for found in re.findall(r"^(#+) ", prose, re.MULTILINE)]


def links(page: Path) -> list[str]:
    """Give the targets of relative links."""
    prose = FENCE.sub("", page.read_text(encoding="utf-8"))
    return [link for link in LINK.findall(prose) if "://" not in link]


def key_rows(page: Path) -> list[tuple[str, str | None]]:
    """Give the rows of key tables: key, and the default where there is one."""
    text = page.read_text(encoding="utf-8")
    return [(key, default or None) for key, default, _ in ROW.findall(text)]


def commands(page: Path) -> Iterator[list[str]]:
    """Give the words after `gateway` of each command in code; what follows a `#` is a remark."""
    text = page.read_text(encoding="utf-8")
    code = [block.text for block in blocks(page) if block.language in {"", "sh"}]
    code += re.findall(r"`([^`\n]+)`", FENCE.sub("", text))
    for line in "\n".join(code).splitlines():
        found = COMMAND.match(line.split("#")[0])
        if found:
            yield found[1].split()
