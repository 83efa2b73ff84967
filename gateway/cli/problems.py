"""How problems are said: in a cell of a table, and below it with the next step."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.cli.screen import BELOW, number, printable, shortened, width, wrapped
from gateway.core.status import ProblemStatus
from gateway.core.texts import N_, Language, Texts

SHOWN_MAX = 3
"""Problems told of one device or destination; the others are counted."""
CELL_MIN = 40
"""Columns below which a note goes to a line of its own, where it has the whole terminal."""
TEXTS = Texts(
    __package__,
    {
        "tag": N_("1 tag"),
        "tags": N_("{count} tags"),
        "times": N_("{count} times"),
        "more": N_("{count} more"),
    },
)


def headline(problem: ProblemStatus, lang: Language) -> str:
    """Say a problem in one sentence that begins with its reason, so that it can be searched for."""
    texts = TEXTS[lang]
    count = problem.count
    told = ""
    if problem.tags:
        key = "tag" if problem.tags == 1 else "tags"
        told = f" ({texts[key].format(count=number(problem.tags))})"
    elif count > 1:
        told = f" ({texts['times'].format(count=number(count))})"
    what = problem.what.get(lang) or problem.detail
    return f"{problem.reason}{told}" + (f": {what}" if what else "")


def cell(problems: Sequence[ProblemStatus], tail: Sequence[str], lang: Language, room: int) -> str:
    """Give the note of a row: the first problem as far as there is room, how many more, the rest.

    Args:
        problems: the one to look at first before the others; may be empty.
        tail: what stands behind and is never cut, such as when the next try is.
        lang: ko or en.
        room: columns of the cell; 0 where nothing is cut.
    """
    rest = [*tail]
    if len(problems) > 1:
        rest.insert(0, TEXTS[lang]["more"].format(count=len(problems) - 1))
    if not problems:
        return ", ".join(rest)
    behind = "".join(f"   {part}" for part in rest)
    return shortened(printable(headline(problems[0], lang)), room, behind)


def steps(
    subject: str, problems: Sequence[ProblemStatus], lang: Language, wide: int | None
) -> list[str]:
    """Give lines with what is wrong, the facts of this case, what to do, and the command."""
    lines: list[str] = []
    for problem in problems[:SHOWN_MAX]:
        said = headline(problem, lang)
        facts = _facts(problem)
        said += f" ({facts})" if facts else ""
        lines += _broken(f"{subject}: {printable(said)}", wide, " ")
        lines += with_command(problem.fix.get(lang, ""), problem.command, wide, BELOW)
    left = len(problems) - SHOWN_MAX
    return [*lines, BELOW + TEXTS[lang]["more"].format(count=left)] if left > 0 else lines


def _facts(problem: ProblemStatus) -> str:
    """Give what only this case has: the first tags, and the detail that the headline has not."""
    detail = problem.detail if problem.what else ""
    names = [name for name in problem.names if not detail.startswith(f"{name}:")]
    return ", ".join(printable(part) for part in (*names, detail) if part)


def with_command(text: str, command: str, wide: int | None, indent: str = " ") -> list[str]:
    """Give a text and its command; the command stays on one line, so that it can be copied."""
    whole = indent + "   ".join(part for part in (text, command) if part)
    if not whole.strip():
        return []
    if wide is None or width(whole) <= wide:
        return [whole]
    return [*_broken(text, wide, indent), *([BELOW + command] if command else [])]


def _broken(text: str, wide: int | None, indent: str) -> list[str]:
    if not text:
        return []
    return [indent + text] if wide is None else wrapped(text, wide, BELOW, indent)
