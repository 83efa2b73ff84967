"""`gateway trust`: decide which OPC UA servers the gateway may believe.

Works on the trust folder alone, so it needs no running gateway; a running one sees the decision
when it tries that server the next time.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from adapters.opcua.trust import TrustEntry

app = typer.Typer(
    no_args_is_help=True,
    help="Trust or refuse OPC UA servers' certificates. · OPC UA 서버 인증서 신뢰/거부",
)
EXIT_NOT_FOUND = 2
EXIT_AMBIGUOUS = 3
SHOWN = 16
_TEXT = {
    "none": {"ko": "인증서가 없습니다: {folder}", "en": "No certificates in {folder}"},
    "not_found": {
        "ko": "'{prefix}'(으)로 시작하는 지문이 없습니다. 'gateway trust ls'로 확인하세요.",
        "en": "No fingerprint begins with '{prefix}'. See 'gateway trust ls'.",
    },
    "ambiguous": {
        "ko": "'{prefix}'(으)로 시작하는 지문이 {count}개입니다. 더 길게 적어 주세요.",
        "en": "{count} fingerprints begin with '{prefix}'. Give more of it.",
    },
    "trusted": {
        "ko": "신뢰함: {fingerprint}\n다음 연결 시도부터 적용됩니다. 재시작할 필요가 없습니다.",
        "en": "Trusted: {fingerprint}\nTakes effect at the next connection try; no restart needed.",
    },
    "rejected": {
        "ko": "거부함: {fingerprint}\n다음 연결부터 적용됩니다.",
        "en": "Refused: {fingerprint}\nTakes effect at the next connection.",
    },
    "state_trusted": {"ko": "신뢰", "en": "trusted"},
    "state_rejected": {"ko": "대기/거부", "en": "waiting"},
    "fingerprint": {"ko": "SHA-256 지문", "en": "SHA-256 fingerprint"},
    "url": {"ko": "주소", "en": "address"},
    "first_seen": {"ko": "처음 본 때", "en": "first seen"},
    "state": {"ko": "상태", "en": "state"},
    "subject": {"ko": "주체", "en": "subject"},
    "issuer": {"ko": "발급자", "en": "issuer"},
    "valid": {"ko": "유효 기간", "en": "valid"},
    "uris": {"ko": "애플리케이션 URI", "en": "application URI"},
    "hosts": {"ko": "호스트", "en": "hosts"},
}
Prefix = Annotated[
    str,
    typer.Argument(help="Beginning of the fingerprint, 4 or more hex digits. · 지문 앞부분"),
]
Data = Annotated[Path, typer.Option("--data", help="The data folder. · 데이터 폴더")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs. · 프로그램용 출력")]
Lang = Annotated[str, typer.Option("--lang", help="ko | en")]
DATA = Path("data")


def _say(key: str, lang: str, **facts: object) -> str:
    return _TEXT[key]["ko" if lang == "ko" else "en"].format(**facts)


def _store(data: Path) -> Any:
    from adapters.opcua.trust import TrustStore

    return TrustStore(data / "trust")


def _print(text: str, *, error: bool = False) -> None:
    typer.echo(text, err=error)


def facts_of(entry: TrustEntry) -> dict[str, Any]:
    """Give what a person compares with the server's display, and what programs need."""
    from cryptography import x509

    certificate = entry.certificate
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        uris = names.get_values_for_type(x509.UniformResourceIdentifier)
        hosts = names.get_values_for_type(x509.DNSName)
        hosts += [str(address) for address in names.get_values_for_type(x509.IPAddress)]
    except (x509.ExtensionNotFound, ValueError):
        uris, hosts = [], []
    return {
        "fingerprint": entry.fingerprint,
        "state": entry.decision.value,
        "url": entry.sidecar.url,
        "first_seen": entry.sidecar.first_seen,
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "valid_from": certificate.not_valid_before_utc.isoformat(),
        "valid_until": certificate.not_valid_after_utc.isoformat(),
        "uris": uris,
        "hosts": hosts,
    }


def _one(data: Path, prefix: str, lang: str) -> TrustEntry:
    found: list[TrustEntry] = _store(data).find(prefix)
    if len(found) == 1:
        return found[0]
    key = "ambiguous" if found else "not_found"
    _print(_say(key, lang, prefix=prefix, count=len(found)), error=True)
    raise typer.Exit(EXIT_AMBIGUOUS if found else EXIT_NOT_FOUND)


@app.command("ls")
def list_certificates(data: Data = DATA, as_json: AsJson = False, lang: Lang = "ko") -> None:
    """List certificates, those that wait for a decision last. · 인증서 목록"""
    entries = _store(data).entries()
    if as_json:
        _print(json.dumps([facts_of(entry) for entry in entries], ensure_ascii=False, indent=2))
        return
    if not entries:
        _print(_say("none", lang, folder=data / "trust"))
        return
    for entry in entries:
        state = _say(f"state_{entry.decision.value}", lang)
        shown = entry.fingerprint[:SHOWN]
        _print(f"{shown}  {state:<9}  {entry.sidecar.url}  {entry.sidecar.first_seen}")


@app.command()
def show(prefix: Prefix, data: Data = DATA, as_json: AsJson = False, lang: Lang = "ko") -> None:
    """Show one certificate in full. · 인증서 자세히 보기"""
    facts = facts_of(_one(data, prefix, lang))
    if as_json:
        _print(json.dumps(facts, ensure_ascii=False, indent=2))
        return
    digest = facts["fingerprint"]
    pairs = ":".join(digest[place : place + 2] for place in range(0, len(digest), 2)).upper()
    lines = {
        "fingerprint": pairs,
        "state": _say(f"state_{facts['state']}", lang),
        "url": facts["url"],
        "first_seen": facts["first_seen"],
        "subject": facts["subject"],
        "issuer": facts["issuer"],
        "valid": f"{facts['valid_from']} … {facts['valid_until']}",
        "uris": ", ".join(facts["uris"]),
        "hosts": ", ".join(facts["hosts"]),
    }
    for key, value in lines.items():
        _print(f"{_say(key, lang)}: {value}")


@app.command()
def accept(prefix: Prefix, data: Data = DATA, as_json: AsJson = False, lang: Lang = "ko") -> None:
    """Trust a certificate from the next connection try on. · 인증서 신뢰"""
    _decide(prefix, data, "trusted", lang, as_json=as_json)


@app.command()
def reject(prefix: Prefix, data: Data = DATA, as_json: AsJson = False, lang: Lang = "ko") -> None:
    """Refuse a certificate from the next connection on. · 인증서 거부"""
    _decide(prefix, data, "rejected", lang, as_json=as_json)


def _decide(prefix: str, data: Path, decision: str, lang: str, *, as_json: bool) -> None:
    from adapters.opcua.trust import Decision

    entry = _one(data, prefix, lang)
    _store(data).decide(entry, Decision(decision))
    if as_json:
        _print(json.dumps({"fingerprint": entry.fingerprint, "state": decision}))
    else:
        _print(_say(decision, lang, fingerprint=entry.fingerprint))
