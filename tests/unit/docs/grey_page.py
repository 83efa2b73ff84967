"""The tables of docs/when-grey.md, written from the files of advice.

`python -m tests.unit.docs.grey_page` brings both pages up to date; a test says when that is due.
"""

from __future__ import annotations

import re
from pathlib import Path

from gateway.app.advice import ROOMS, book, title
from gateway.core.texts import LANGUAGES, Language
from gateway.ops.advice import Advice
from tests.unit.docs.pages import ROOT

HEADS = {
    "en": ("Reason", "What is wrong", "What to do"),
    "ko": ("이유", "무엇이 문제인가", "할 일"),
}
PAGES = {"en": ROOT / "docs" / "when-grey.md", "ko": ROOT / "docs" / "when-grey.ko.md"}
BEGIN, END = "<!-- reasons: written from the advice.toml files -->", "<!-- end of reasons -->"


def cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").strip()


def row(reason: str, advice: Advice, lang: str) -> str:
    command = advice.command_for()
    todo = advice.fix[lang] + (f" `{command}`" if command else "")
    return f"| `{reason}` | {cell(advice.what[lang])} | {cell(todo)} |"


def tables(lang: Language) -> str:
    """Give the part of a page that is written by this program."""
    parts = [BEGIN]
    for room in ROOMS:
        entries = book(room).entries
        if entries:
            head = f"| {' | '.join(HEADS[lang])} |\n|---|---|---|"
            rows = [row(reason, advice, lang) for reason, advice in entries.items()]
            parts.append("\n".join((f"### {title(room, lang)}\n", head, *rows)))
    return "\n\n".join([*parts, END])


def parted(page: Path) -> tuple[str, str, str]:
    """Give what stands before the tables, the tables, and what stands behind."""
    text = page.read_text("utf-8")
    found = re.search(f"{re.escape(BEGIN)}.*?{re.escape(END)}", text, re.DOTALL)
    assert found is not None, page
    return text[: found.start()], found[0], text[found.end() :]


if __name__ == "__main__":
    for lang in LANGUAGES:
        before, _, behind = parted(PAGES[lang])
        PAGES[lang].write_text(before + tables(lang) + behind, "utf-8")
