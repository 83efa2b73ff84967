"""The catalogues of the interface's words, made from the code.

    python -m tests.unit.texts.catalogues

Takes every text that the code marks, keeps the translations that are there, and compiles. What has
none yet is named and the program ends with 1.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from gettext import GNUTranslations
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from typer.main import get_command

from gateway.cli.commands import COMMANDS
from gateway.cli.help import texts_of
from gateway.cli.main import app, loaded
from gateway.core.texts import LOCALE
from tests.tidy.tree import ROOT

STILL = datetime(2026, 1, 1, tzinfo=UTC)
"""Babel writes the date of its run; a file that is the same is to stay the same."""
KEYWORDS = {"N_": None}
HEADER = "# Korean words of the interface. The English ones stand in the code.\n#"


def rooms() -> Iterator[Path]:
    """Give every package that has a catalogue."""
    for folder in sorted(ROOT.glob(f"*/**/{LOCALE}")):
        yield folder.parent


def file_of(room: Path, suffix: str) -> Path:
    """Give a room's catalogue, `.po` or `.mo`."""
    return room / LOCALE / "ko" / "LC_MESSAGES" / f"{room.name}{suffix}"


def marked(room: Path) -> Catalog:
    """Give what the code of a room marks, without translations."""
    found = Catalog(locale="ko", project="gateway", charset="utf-8", header_comment=HEADER)
    found.fuzzy = False
    for path in sorted(room.glob("*.py")):
        for _, text, _, context in extract_from_file("python", path, KEYWORDS):
            found.add(text, locations=[(path.name, 0)], context=context)
    for text in sorted({text for each in UNMARKED.get(room.name, list)() for text in each if text}):
        found.add(text, locations=[("help", 0)])
    return found


def help_texts() -> list[set[str]]:
    """Give what the commands say of themselves: it stands in docstrings and options."""
    shown = [set(texts_of(loaded(name, entry))) for name, entry in COMMANDS.items()]
    return [*shown, set(texts_of(get_command(app))), {entry.text for entry in COMMANDS.values()}]


UNMARKED: dict[str, Callable[[], list[set[str]]]] = {"cli": help_texts}
"""What a room says without marking it."""


def translated(room: Path) -> Catalog:
    """Read a room's catalogue."""
    with file_of(room, ".po").open("rb") as file:
        return read_po(file, locale="ko", domain=room.name)


def compiled(catalogue: Catalog) -> bytes:
    """Give a catalogue as the program loads it."""
    catalogue.creation_date = catalogue.revision_date = STILL
    out = io.BytesIO()
    write_mo(out, catalogue)
    return out.getvalue()


def messages(raw: bytes) -> dict[str, str]:
    """Give what a compiled catalogue holds."""
    found = GNUTranslations(io.BytesIO(raw))
    return {text: said for text, said in found._catalog.items() if text}  # type: ignore[attr-defined]


def text_of(catalogue: Catalog) -> bytes:
    """Give a catalogue as a translator reads it, without dates and line numbers."""
    out = io.BytesIO()
    write_po(
        out, catalogue, width=100, omit_header=True, include_lineno=False, ignore_obsolete=True
    )
    return b'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n' + out.getvalue()


def renewed(room: Path) -> Catalog:
    """Give what the code marks with the translations that are there."""
    made, known = marked(room), translated(room) if file_of(room, ".po").exists() else Catalog()
    for message in made:
        old = known.get(message.id) if message.id else None
        if old is not None:
            message.string = old.string
    return made


def untranslated(catalogue: Catalog) -> list[str]:
    """Give the texts that have no translation."""
    return [str(message.id) for message in catalogue if message.id and not message.string]


def main() -> int:
    """Write all catalogues."""
    left = []
    for room in rooms():
        made = renewed(room)
        file_of(room, ".po").parent.mkdir(parents=True, exist_ok=True)
        file_of(room, ".po").write_bytes(text_of(made))
        file_of(room, ".mo").write_bytes(compiled(translated(room)))
        left += [f"{room.name}: {text}" for text in untranslated(made)]
    sys.stdout.write("".join(f"no Korean for {each}\n" for each in left))
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
