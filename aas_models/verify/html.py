"""The report of a verification as one static page: no scripts, no other files, fit for printing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from aas_models.verify.findings import JUDGES, Finding, Subject
from aas_models.verify.waivers import Waiver

GROUPS_MAX = 200
"""Different objections of one judge that the page lists; the counts say how many there are."""
PLACES_MAX = 3
TEXTS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "AAS verification report",
        "made": "Made {time} by gateway {version}",
        "all-ok": "Passed: nothing is left that was not accepted with a reason.",
        "not-ok": "Not passed: {count} objections.",
        "subject": "Subject", "metamodel": "Metamodel", "shells": "Shells",
        "submodels": "Submodels", "concepts": "Concept descriptions", "elements": "Elements",
        "objections": "Objections", "waived": "Accepted", "warnings": "Warnings",
        "result": "Result", "ok": "passed", "failed": "failed", "judge": "Judge",
        "objection": "Objection", "places": "Where", "count": "Count", "reason": "Reason",
        "nothing": "No objection.",
        "and-more": "and {count} more",
        "waivers": "Accepted objections and why",
        "no-waivers": "None was needed.",
        "judges": "Judges",
        "level-error": "error", "level-warning": "warning", "level-waived": "accepted",
    },
    "ko": {
        "title": "AAS 검증 보고서",
        "made": "{time} 작성, 게이트웨이 {version}",
        "all-ok": "통과: 사유와 함께 허용한 것 외에 남은 지적이 없습니다.",
        "not-ok": "불통과: 지적 {count}건.",
        "subject": "대상", "metamodel": "메타모델", "shells": "쉘",
        "submodels": "서브모델", "concepts": "개념 설명", "elements": "요소",
        "objections": "지적", "waived": "허용", "warnings": "경고",
        "result": "결과", "ok": "통과", "failed": "불통과", "judge": "판정 도구",
        "objection": "내용", "places": "위치", "count": "건수", "reason": "사유",
        "nothing": "지적이 없습니다.",
        "and-more": "외 {count}건",
        "waivers": "허용한 지적과 사유",
        "no-waivers": "허용한 지적이 없습니다.",
        "judges": "판정 도구",
        "level-error": "오류", "level-warning": "경고", "level-waived": "허용",
    },
}  # fmt: skip
STYLE = """
:root{--ink:#1b1f24;--soft:#59636e;--line:#d1d9e0;--red:#b42318;--green:#18794e;--amber:#8a5a00}
*{box-sizing:border-box}
body{margin:0 auto;max-width:64rem;padding:2rem 1.5rem;color:var(--ink);background:#fff;
font:15px/1.55 "Noto Sans KR","Malgun Gothic","Apple SD Gothic Neo",system-ui,sans-serif}
h1{font-size:1.6rem;margin:0 0 .2rem}h2{font-size:1.15rem;margin:2.2rem 0 .6rem;
overflow-wrap:anywhere;border-bottom:1px solid var(--line);padding-bottom:.3rem}
h3{font-size:1rem;margin:1.3rem 0 .4rem}
p{margin:.3rem 0}.soft{color:var(--soft)}
.verdict{margin:1.2rem 0;padding:.7rem 1rem;border-left:6px solid;font-weight:600;
background:#f6f8fa}
.good{border-color:var(--green);color:var(--green)}.bad{border-color:var(--red);color:var(--red)}
table{width:100%;border-collapse:collapse;margin:.4rem 0 1rem}
th,td{text-align:left;vertical-align:top;padding:.35rem .6rem;border-bottom:1px solid var(--line);
overflow-wrap:anywhere}
th{font-weight:600;color:var(--soft);font-size:.85rem;white-space:nowrap}
td.n,th.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
td.l{white-space:nowrap}
code{font:.8rem/1.4 ui-monospace,"D2Coding",Consolas,monospace;display:block;
margin:0 0 .3rem;padding-left:1em;text-indent:-1em}
.overview td:first-child{min-width:12rem}.overview th{white-space:normal;vertical-align:bottom}
th{overflow-wrap:normal}
.findings td:nth-child(2){width:38%}
.error{color:var(--red)}.warning{color:var(--amber)}.waived,.ok{color:var(--green)}
@media print{body{max-width:none;padding:0;font-size:11px}h2{break-after:avoid}
tr,.verdict{break-inside:avoid}thead{display:table-header-group}
.verdict{-webkit-print-color-adjust:exact;print-color-adjust:exact}@page{margin:15mm}}
@media (max-width:40rem){body{padding:1rem .8rem;font-size:14px}th,td{padding:.3rem .35rem}
.scroll{overflow-x:auto}}
"""


@dataclass(frozen=True, slots=True)
class Made:
    """When and by what the report was made; `time` is a text."""

    time: str
    version: str


def report(
    subjects: Sequence[Subject], waivers: Sequence[Waiver], made: Made, language: str
) -> str:
    """Give the page."""
    texts = TEXTS[language]
    count = sum(each.counts for subject in subjects for each in subject.findings)
    verdict = texts["not-ok"].format(count=count) if count else texts["all-ok"]
    body = [
        f"<h1>{texts['title']}</h1>",
        f'<p class="soft">{escape(texts["made"].format(time=made.time, version=made.version))}</p>',
        f'<p class="verdict {"bad" if count else "good"}">{escape(verdict)}</p>',
        _overview(subjects, texts),
        _judges(subjects, language),
        *(_subject(subject, language) for subject in subjects),
        _waivers(subjects, waivers, language),
    ]
    return (
        f'<!DOCTYPE html>\n<html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{texts['title']}</title><style>{STYLE}</style></head>\n"
        f"<body>\n{chr(10).join(body)}\n</body></html>\n"
    )


def _table(
    heads: Iterable[tuple[str, str]], rows: Iterable[Iterable[tuple[str, str]]], kind: str
) -> str:
    """Give a table of (class, ready HTML) cells."""
    head = "".join(f'<th class="{css}">{text}</th>' for css, text in heads)
    body = "".join(
        "<tr>" + "".join(f'<td class="{css}">{cell}</td>' for css, cell in row) + "</tr>\n"
        for row in rows
    )
    return (
        f'<div class="scroll"><table class="{kind}"><thead><tr>{head}</tr></thead>\n'
        f"<tbody>{body}</tbody></table></div>"
    )


def _overview(subjects: Sequence[Subject], texts: Mapping[str, str]) -> str:
    numbers = ("shells", "submodels", "concepts", "elements", "objections", "waived", "warnings")
    heads = [("", texts["subject"]), ("", texts["metamodel"])]
    heads += [("n", texts[key]) for key in numbers] + [("l", texts["result"])]
    rows = []
    for subject in subjects:
        cells = [("", escape(subject.name)), ("l", escape(subject.metamodel))]
        cells += [("n", f"{number:,}") for number in _numbers(subject)]
        state = "ok" if subject.ok else "failed"
        cells.append(("l ok" if subject.ok else "l error", texts[state]))
        rows.append(cells)
    return _table(heads, rows, "overview")


def _numbers(subject: Subject) -> list[int]:
    counts, found = subject.counts, subject.findings
    return [
        counts["assetAdministrationShells"],
        counts["submodels"],
        counts["conceptDescriptions"],
        counts["elements"],
        sum(each.counts for each in found),
        sum(each.waived_by is not None for each in found),
        sum(each.level == "warning" and each.waived_by is None for each in found),
    ]


def _judges(subjects: Sequence[Subject], language: str) -> str:
    used = {judge for subject in subjects for judge in subject.judges}
    names = "; ".join(escape(JUDGES[judge][language]) for judge in JUDGES if judge in used)
    return f'<p class="soft">{TEXTS[language]["judges"]}: {names}</p>'


def _subject(subject: Subject, language: str) -> str:
    texts = TEXTS[language]
    parts = [f"<h2>{escape(subject.name)}</h2>"]
    if not subject.findings:
        return parts[0] + f'<p class="ok">{texts["nothing"]}</p>'
    for judge in subject.judges:
        found = subject.of(judge)
        if found:
            parts.append(f"<h3>{escape(JUDGES[judge][language])}</h3>")
            parts.append(_findings(found, texts))
    return "\n".join(parts)


def _findings(found: Sequence[Finding], texts: Mapping[str, str]) -> str:
    """Give the objections, each once with the places where it stands; the worst first."""
    groups: dict[tuple[str, str], list[Finding]] = {}
    for each in found:
        level = "waived" if each.waived_by else each.level
        groups.setdefault((level, each.message), []).append(each)
    order = {"error": 0, "waived": 1, "warning": 2}
    ranked = sorted(groups.items(), key=lambda item: (order[item[0][0]], -len(item[1])))
    heads = [("l", ""), ("", texts["objection"]), ("", texts["places"]), ("n", texts["count"])]
    rows = [
        [
            (f"l {level}", texts[f"level-{level}"]),
            ("", escape(message)),
            ("", _places(members, texts)),
            ("n", f"{len(members):,}"),
        ]
        for (level, message), members in ranked[:GROUPS_MAX]
    ]
    more = len(ranked) - GROUPS_MAX
    tail = f'<p class="soft">{texts["and-more"].format(count=more)}</p>' if more > 0 else ""
    return _table(heads, rows, "findings") + tail


def _places(members: Sequence[Finding], texts: Mapping[str, str]) -> str:
    places = list(dict.fromkeys(each.place for each in members if each.place))
    shown = "".join(f"<code>{escape(place)}</code>" for place in places[:PLACES_MAX])
    more = len(places) - PLACES_MAX
    if more > 0:
        shown += f'<span class="soft">{texts["and-more"].format(count=more)}</span>'
    return shown


def _waivers(subjects: Sequence[Subject], waivers: Sequence[Waiver], language: str) -> str:
    texts = TEXTS[language]
    used: dict[str, int] = {}
    for subject in subjects:
        for each in subject.findings:
            if each.waived_by is not None:
                used[each.waived_by] = used.get(each.waived_by, 0) + 1
    title = f"<h2>{texts['waivers']}</h2>"
    if not used:
        return title + f'<p class="soft">{texts["no-waivers"]}</p>'
    heads = [("", "ID"), ("", texts["judge"]), ("", texts["reason"]), ("n", texts["count"])]
    rows = [
        [
            ("l", escape(waiver.id)),
            ("", escape(JUDGES[waiver.judge][language])),
            ("", escape(waiver.reason[language])),
            ("n", f"{used[waiver.id]:,}"),
        ]
        for waiver in waivers
        if waiver.id in used
    ]
    return title + _table(heads, rows, "waivers")
