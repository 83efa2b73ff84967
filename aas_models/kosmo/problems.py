"""What went wrong with a KOSMO file, where, and how to say it in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

TEXTS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "tag-twice": "{tag} is there twice; the second one is left out (servers refuse it)",
        "reference-loop": "shells refer to one another in a circle at {tag}; it stands alone",
        "submodel-missing": "the shell {tag} refers to submodel {id}, which is not in the file",
        "value-unfit": "{tag}: {value} is no {type}; written without a value",
        "not-utf8-not-cp949": "the file is neither UTF-8 nor cp949",
        "line-too-long": "a line of more than {limit} characters",
        "too-many-rows": "more than {limit} rows; the rest is left out",
        "quote-open": "a quotation mark opens a cell and never closes",
        "text-after-quote": "text after the closing quotation mark of a cell: {text}",
        "comma-unquoted": "{count} cells instead of 6: a cell with a comma needs quotation marks",
        "remark": "column 7 and after is a remark: {text}",
        "no-node": "the first cell is no AAS node id: {text}",
        "no-field-node": "column D is no address of the device such as {form}: {text}",
        "incomplete": "columns {columns} are empty, the row is not collected",
        "sampling": "column E is no time in milliseconds: {text}; {used} is taken",
        "index": "column F is no array index: {text}; -1 is taken",
        "node-twice": "{node} was mapped in line {line} already; this row is left out",
        "syscfg-json": "no valid JSON in line {line}, column {column}: {reason}",
        "syscfg-shape": "{what} is missing or has another form",
        "syscfg-name-twice": "{name} is there twice; the first one counts",
        "syscfg-from-aas": "taken from the CloudDataSolution shell instead",
        "gateway-unknown": "gateway {name} is not in syscfg.json",
        "device-unknown": "device {name} of gateway {gateway} is not in syscfg.json",
        "node-unknown": "{node} is no property of the environment",
        "protocol-missing": "{device} speaks {scheme}, for which there is no adapter yet: "
        "{rows} mapped rows are not collected",
        "connection-missing": "{device} has no NetworkConnection: "
        "{rows} mapped rows are not collected",
        "connection-wrong": "{device}: {url} is no address: {rows} mapped rows are not collected",
        "sampling-fast": "{rows} rows are sampled faster than the 100 ms that are advised",
        "no-index": "{device} has no arrays, so an array index cannot be: {node}",
        "tag-outside": "{device}/{tag} is not in the imported environment; its own AAS is added",
        "several-gateways": "{names} become one gateway; choose one with --gateway",
        "no-rows": "no row is mapped",
        "other-protocol": "{device} speaks {protocol}: the reference edge gateway cannot collect "
        "its {rows} tags",
        "node-form": "{device}: {rows} field tags are browse paths or have nsu=; the reference "
        "edge gateway takes ns=<number> only",
    },
    "ko": {
        "tag-twice": "{tag} 이(가) 두 번 있습니다. 서버가 거부하므로 두 번째는 뺐습니다",
        "reference-loop": "{tag} 에서 쉘이 서로를 참조합니다. 단독으로 두었습니다",
        "submodel-missing": "쉘 {tag} 이(가) 참조하는 서브모델 {id} 이(가) 파일에 없습니다",
        "value-unfit": "{tag}: {value} 은(는) {type} 값이 아닙니다. 값 없이 썼습니다",
        "not-utf8-not-cp949": "파일이 UTF-8 도 cp949 도 아닙니다",
        "line-too-long": "{limit}자를 넘는 줄",
        "too-many-rows": "{limit}행을 넘습니다. 나머지는 뺐습니다",
        "quote-open": "따옴표로 시작한 칸이 닫히지 않습니다",
        "text-after-quote": "닫는 따옴표 뒤에 글자가 있습니다: {text}",
        "comma-unquoted": "칸이 6개가 아니라 {count}개입니다. "
        "쉼표가 있는 칸은 따옴표로 묶어야 합니다",
        "remark": "7번째 칸부터는 비고로 봅니다: {text}",
        "no-node": "첫 칸이 AAS 노드 ID가 아닙니다: {text}",
        "no-field-node": "D열이 설비의 주소({form} 형식)가 아닙니다: {text}",
        "incomplete": "{columns} 열이 비어 있어 수집하지 않습니다",
        "sampling": "E열이 밀리초 시간이 아닙니다: {text}. {used} 을(를) 씁니다",
        "index": "F열이 배열 인덱스가 아닙니다: {text}. -1 을 씁니다",
        "node-twice": "{node} 은(는) {line}행에서 이미 매핑했습니다. 이 행은 뺐습니다",
        "syscfg-json": "{line}행 {column}열이 올바른 JSON이 아닙니다: {reason}",
        "syscfg-shape": "{what} 이(가) 없거나 형식이 다릅니다",
        "syscfg-name-twice": "{name} 이(가) 두 번 있습니다. 첫 번째를 씁니다",
        "syscfg-from-aas": "대신 CloudDataSolution 쉘에서 가져왔습니다",
        "gateway-unknown": "게이트웨이 {name} 이(가) syscfg.json 에 없습니다",
        "device-unknown": "게이트웨이 {gateway} 의 필드장비 {name} 이(가) syscfg.json 에 없습니다",
        "node-unknown": "{node} 은(는) AAS에 없는 속성입니다",
        "protocol-missing": "{device} 의 통신 방식 {scheme} 은(는) 아직 어댑터가 없습니다: "
        "매핑된 {rows}행을 수집하지 않습니다",
        "connection-missing": "{device} 에 NetworkConnection 이 없습니다: "
        "매핑된 {rows}행을 수집하지 않습니다",
        "connection-wrong": "{device}: {url} 은(는) 주소가 아닙니다: "
        "매핑된 {rows}행을 수집하지 않습니다",
        "sampling-fast": "{rows}행의 수집 주기가 권장값 100 ms 보다 짧습니다",
        "no-index": "{device} 에는 배열이 없어 배열 인덱스를 쓸 수 없습니다: {node}",
        "tag-outside": "{device}/{tag} 은(는) 가져온 AAS에 없어 자체 AAS를 더했습니다",
        "several-gateways": "{names} 을(를) 게이트웨이 하나로 합칩니다. 하나만 쓰려면 --gateway",
        "no-rows": "매핑된 행이 없습니다",
        "other-protocol": "{device} 의 통신 방식이 {protocol} 라서 레퍼런스 엣지 게이트웨이가 "
        "태그 {rows}개를 수집할 수 없습니다",
        "node-form": "{device}: 필드 태그 {rows}개가 경로 또는 nsu= 형식입니다. "
        "레퍼런스 엣지 게이트웨이는 ns=<번호> 만 읽습니다",
    },
}

NOTES = frozenset(
    {
        "remark",
        "sampling-fast",
        "several-gateways",
        "syscfg-from-aas",
        "tag-outside",
        "other-protocol",
        "node-form",
    }
)
"""Problems that lose nothing."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to tell; `where` is a file or a place in it, `line` counts from 1."""

    code: str
    where: str
    line: int | None = None
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def harmless(self) -> bool:
        return self.code in NOTES

    def text(self, language: str) -> str:
        """Give the sentence with its place."""
        place = self.where if self.line is None else f"{self.where}:{self.line}"
        return f"{place}: {TEXTS[language][self.code].format(**self.facts)}"

    def as_json(self, language: str) -> dict[str, object]:
        """Give it for programs."""
        return {
            "code": self.code,
            "where": self.where,
            "line": self.line,
            "facts": dict(self.facts),
            "harmless": self.harmless,
            "text": self.text(language),
        }


SHOWN_MAX = 120


def shown(text: str) -> str:
    """Shorten what a file holds to what a message can carry."""
    plain = " ".join(text.split())
    return plain if len(plain) <= SHOWN_MAX else f"{plain[:SHOWN_MAX]}…"
