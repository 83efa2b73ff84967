"""`gateway trust`: decide which servers the gateway may believe.

Works on the data folder alone, so it needs no running gateway; a running one sees the decision when
it tries that server the next time.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.answers import existing_data, fail, hint, print_json
from gateway.cli.options import DATA_DEFAULT, AsJson, Data, Lang, language
from gateway.cli.screen import columns, printable, table
from gateway.core.texts import N_, Language, Texts

if TYPE_CHECKING:
    from gateway.core.trust import Known, Trust

app = typer.Typer(no_args_is_help=True, help="Trust or refuse the certificates of servers.")
SHOWN = 16
TEXTS = Texts(
    __package__,
    {
        "head": N_("FINGERPRINT|STATE|ADDRESS|FIRST SEEN"),
        "none": N_("No server's certificate has been seen ({data})."),
        "not-found": N_("No fingerprint begins with '{prefix}'.  See:  gateway trust ls"),
        "ambiguous": N_("{count} fingerprints begin with '{prefix}'. Give more of it."),
        "trusted": N_(
            "Trusted: {fingerprint}\nTakes effect at the next connection try; no restart needed."
        ),
        "rejected": N_("Refused: {fingerprint}\nTakes effect at the next connection."),
        "state-trusted": N_("trusted"),
        "state-rejected": N_("waiting"),
        "malformed": N_("malformed"),
        "unusable": N_("no usable key"),
        "no-key": N_(
            "This certificate cannot be used: no RSA key can be read from it.\n"
            "Have the server make a new one (its own page or its engineering tool)."
        ),
        "compare": N_(
            "Compare with the server's display:  gateway trust show {prefix} --data {data}"
        ),
        "accept": N_(
            "The same on the server's display?  gateway trust accept {prefix} --data {data}"
        ),
        "fingerprint": N_("SHA-256 fingerprint"),
        "url": N_("address"),
        "first-seen": N_("first seen"),
        "state": N_("state"),
        "subject": N_("subject"),
        "issuer": N_("issuer"),
        "valid": N_("valid"),
        "uris": N_("application URI"),
        "hosts": N_("hosts"),
    },
)
Prefix = Annotated[str, typer.Argument(help="Beginning of the fingerprint, 4 or more hex digits.")]


def _say(key: str, lang: Language, **facts: object) -> str:
    return TEXTS[lang][key].format(**facts)


def _kept(data: Path) -> list[Trust]:
    """Open what each kind of adapter keeps of the certificates of its servers."""
    from gateway.app.kinds import ADAPTERS

    return [kind.trust(data) for kind in ADAPTERS if kind.trust is not None]


def facts_of(known: Known) -> dict[str, Any]:
    """Collect what a person compares with the server's display, and what programs need."""
    begin, end = known.valid_from, known.valid_until
    return {
        "fingerprint": known.fingerprint,
        "state": _decision(known),
        "malformed": known.malformed,
        "usable": known.usable,
        "url": known.url,
        "first_seen": known.first_seen,
        "subject": known.subject,
        "issuer": known.issuer,
        "valid_from": None if begin is None else begin.isoformat(),
        "valid_until": None if end is None else end.isoformat(),
        "uris": list(known.uris),
        "hosts": list(known.hosts),
    }


def _decision(known: Known) -> str:
    return "trusted" if known.trusted else "rejected"


def _one(data: Path, prefix: str, lang: Language) -> tuple[Trust, Known]:
    existing_data(data, lang)
    found = [(trust, known) for trust in _kept(data) for known in trust.beginning(prefix)]
    if len(found) == 1:
        return found[0]
    key = "ambiguous" if found else "not-found"
    return fail(_say(key, lang, prefix=prefix, count=len(found)))


def _state(known: Known, lang: Language) -> str:
    """Say what was decided and what is wrong with the certificate itself."""
    words = [_say(f"state-{_decision(known)}", lang)]
    if known.malformed:
        words.append(_say("malformed", lang))
    if not known.usable:
        words.append(_say("unusable", lang))
    return ", ".join(words)


@app.command("ls")
def list_certificates(
    data: Data = DATA_DEFAULT, as_json: AsJson = False, lang: Lang = None
) -> None:
    """List certificates, those that wait for a decision last."""
    tongue = language(lang)
    existing_data(data, tongue)
    entries = [known for trust in _kept(data) for known in trust.known()]
    entries.sort(key=lambda known: not known.trusted)
    if as_json:
        print_json([facts_of(known) for known in entries])
        return
    if not entries:
        hint(_say("none", tongue, data=data))
        return
    rows = [
        [known.fingerprint[:SHOWN], _state(known, tongue), known.url, known.first_seen]
        for known in entries
    ]
    typer.echo("\n".join(table(_say("head", tongue).split("|"), rows, columns())))
    waiting = [known for known in entries if not known.trusted and known.usable]
    if waiting:
        prefix = waiting[-1].fingerprint[:SHOWN]
        hint("\n " + _say("compare", tongue, prefix=prefix, data=data))


@app.command()
def show(
    prefix: Prefix, data: Data = DATA_DEFAULT, as_json: AsJson = False, lang: Lang = None
) -> None:
    """Show one certificate in full."""
    tongue = language(lang)
    _, known = _one(data, prefix, tongue)
    facts = facts_of(known)
    if as_json:
        print_json(facts)
        return
    digest, begin, end = facts["fingerprint"], facts["valid_from"], facts["valid_until"]
    pairs = ":".join(digest[place : place + 2] for place in range(0, len(digest), 2)).upper()
    lines = {
        "fingerprint": pairs,
        "state": _state(known, tongue),
        "url": known.url,
        "first-seen": known.first_seen,
        "subject": known.subject,
        "issuer": known.issuer,
        "valid": f"{begin or '?'} … {end or '?'}",
        "uris": ", ".join(known.uris),
        "hosts": ", ".join(known.hosts),
    }
    for key, value in lines.items():
        typer.echo(f"{_say(key, tongue)}: {printable(value)}")
    if not known.trusted and known.usable:
        hint("\n" + _say("accept", tongue, prefix=digest[:SHOWN], data=data))


@app.command()
def accept(
    prefix: Prefix, data: Data = DATA_DEFAULT, as_json: AsJson = False, lang: Lang = None
) -> None:
    """Trust a certificate from the next connection try on."""
    _decide(prefix, data, lang, trusted=True, as_json=as_json)


@app.command()
def reject(
    prefix: Prefix, data: Data = DATA_DEFAULT, as_json: AsJson = False, lang: Lang = None
) -> None:
    """Refuse a certificate from the next connection on."""
    _decide(prefix, data, lang, trusted=False, as_json=as_json)


def _decide(
    prefix: str, data: Path, lang: Language | None, *, trusted: bool, as_json: bool
) -> None:
    tongue = language(lang)
    trust, known = _one(data, prefix, tongue)
    if trusted and not known.usable:
        fail(_say("no-key", tongue))
    trust.decide(known.fingerprint, trusted=trusted)
    decision = "trusted" if trusted else "rejected"
    if as_json:
        print_json({"fingerprint": known.fingerprint, "state": decision})
    else:
        typer.echo(_say(decision, tongue, fingerprint=known.fingerprint))
