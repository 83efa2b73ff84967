"""`gateway trace`: one value from the machine to every destination."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

import typer

from gateway.cli.answers import fail, fail_unknown, print_json, service_errors
from gateway.cli.client import Client, ServiceRefused, known_tags
from gateway.cli.options import DATA_DEFAULT, AsJson, Data, Lang, language
from gateway.cli.problems import steps
from gateway.cli.screen import clock_ms, columns, filled, number, printable, span
from gateway.cli.status import state_word
from gateway.cli.tail import QUALITY
from gateway.core.status import ProblemStatus, record_of
from gateway.core.texts import N_, Language, Texts

CLOCK_OFFSET_SHOWN_S = 0.1
HTTP_NOT_FOUND = 404
TEXTS = Texts(
    __package__,
    {
        "unknown": N_("There is no {tag}.  See:  gateway tail"),
        "form": N_("Write DEVICE/TAG, such as press-01/Temperature."),
        "wire": N_("wire"),
        "mapped": N_("mapped"),
        "model": N_("AAS"),
        "spool": N_("spool"),
        "nothing": N_("no value has come yet ({state})"),
        "source": N_("src {time}"),
        "stored": N_("#{offset}   received {time}"),
        "done": N_("done"),
        "waits": N_("waits"),
        "summary": N_("From machine to gateway: {took}.   Age {age}."),
        "offset": N_("The machine's clock is {offset} {side} this PC's."),
        "ahead": N_("ahead of"),
        "behind": N_("behind"),
    },
)


def trace(
    tag: Annotated[str, typer.Argument(help="DEVICE/TAG, by name or element path.")],
    data: Data = DATA_DEFAULT,
    as_json: AsJson = False,
    lang: Lang = None,
) -> None:
    """Follow the newest value of one tag."""
    tongue = language(lang)
    device, slash, name = tag.partition("/")
    if not slash or not name:
        fail(TEXTS[tongue]["form"])
    with service_errors(tongue, data):
        content = _asked(Client.of(data), device, name, tongue)
    if as_json:
        print_json(content)
    else:
        typer.echo("\n".join(lines_of(content, tongue)))


def _asked(client: Client, device: str, name: str, lang: Language) -> dict[str, Any]:
    try:
        content: dict[str, Any] = client.get("/api/trace", {"device": device, "name": name})
    except ServiceRefused as error:
        if error.status != HTTP_NOT_FOUND:
            raise
        tag = f"{device}/{name}"
        unknown = TEXTS[lang]["unknown"].format(tag=printable(tag))
        fail_unknown(unknown, tag, known_tags(client), lang)
    return content


def lines_of(content: dict[str, Any], lang: Language) -> list[str]:
    """Give the numbered steps and a last line."""
    texts = TEXTS[lang]
    sample = content["sample"]
    rows = [*_before(content, lang)]
    if sample is not None:
        rows.append((texts["spool"], _stored(sample, texts)))
        rows += [
            (each["reader"], texts["done" if each["done"] else "waits"])
            for each in content["readers"]
        ]
    lines = [
        f" {place} {filled(name, 10)} {printable(text)}"
        for place, (name, text) in enumerate(rows, 1)
    ]
    if sample is not None:
        lines += _summary(content, lang)
    subject = f"{content['signal']['device']}/{content['signal']['name']}"
    told = [record_of(ProblemStatus, each) for each in content["problems"]]
    problems = [replace(each, tags=0, names=()) for each in told]
    said = steps(printable(subject), problems, lang, columns())
    return [*lines, "", *said] if said else lines


def _before(content: dict[str, Any], lang: Language) -> list[tuple[str, str]]:
    texts = TEXTS[lang]
    signal, sample = content["signal"], content["sample"]
    element = f"{signal['submodelIdShort']}.{signal['element']}   {signal['valueType'] or '-'}"
    if sample is None:
        state = state_word(content["state"], lang)
        said = texts["nothing"].format(state=state)
        return [(texts["wire"], f"{signal['source']}   {said}"), (texts["model"], element)]
    wire = (
        f"{signal['source']}   {number(sample['raw'])}   {QUALITY[lang][sample['quality']]}"
        f" (0x{sample['status']:08X})   {texts['source'].format(time=clock_ms(sample['time']))}"
    )
    value = f"{number(sample['value'])} {signal['unit'] or ''}".rstrip()
    changed = sample["raw"] != sample["value"]
    mapped = f"{number(sample['raw'])} -> {value}" if changed else value
    return [(texts["wire"], wire), (texts["mapped"], mapped), (texts["model"], element)]


def _stored(sample: dict[str, Any], texts: Mapping[str, str]) -> str:
    return texts["stored"].format(offset=f"{sample['offset']:,}", time=clock_ms(sample["received"]))


def _summary(content: dict[str, Any], lang: Language) -> list[str]:
    texts = TEXTS[lang]
    sample = content["sample"]
    took = span((sample["received"] - sample["time"]) / 1e9, lang)
    age = span((content["now"] - sample["time"]) / 1e9, lang)
    lines = [" " + texts["summary"].format(took=took, age=age)]
    offset = content["clock_offset_s"]
    if offset is not None and abs(offset) >= CLOCK_OFFSET_SHOWN_S:
        side = texts["ahead" if offset > 0 else "behind"]
        lines.append(" " + texts["offset"].format(offset=span(abs(offset), lang), side=side))
    return lines
