"""What an import changed and why, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

from aas_models.elements import Json

Action = Literal["renamed", "replaced", "removed", "kept", "added", "moved", "read"]
SHOWN_MAX = 80
EXTENSION_TEXT_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class Repair:
    """One thing that was wrong at a path of the result, and what was done.

    The path is the list, the idShort (or id) and the idShort path of the result, and behind `#` the
    member. `kept` says that the original stands in an Extension of that element.
    """

    path: str
    problem: str
    action: Action
    was: str = ""
    now: str = ""


PROBLEMS: Final[Mapping[str, tuple[str, str]]] = {
    "id-short": ("idShort 형식이 올바르지 않음", "the idShort is not letters, digits and _"),
    "id-short-missing": ("idShort 없음", "no idShort"),
    "id-short-duplicate": ("같은 단계에 같은 idShort가 있음", "a sibling has the same idShort"),
    "id-short-in-list": ("목록의 구성원에 idShort가 있음", "a member of a list has an idShort"),
    "id-missing": ("ID 없음", "no id"),
    "id-duplicate": ("같은 ID가 이미 있음", "another object has the same id"),
    "empty": ("빈 값", "empty"),
    "unknown-member": ("메타모델에 없는 항목", "not a member of the metamodel"),
    "unknown-element": ("알 수 없는 요소 종류", "an unknown kind of element"),
    "wrong-shape": ("자료 형태가 다름", "not the shape that the metamodel asks for"),
    "missing": ("필수 항목 없음", "a mandatory member is missing"),
    "too-long": ("너무 긴 텍스트", "the text is too long"),
    "bad-characters": ("허용되지 않는 문자", "characters that XML cannot hold"),
    "bad-form": ("형식이 올바르지 않음", "the text does not have its form"),
    "bad-value": ("값이 valueType과 맞지 않음", "the value does not fit the valueType"),
    "bad-enum": ("알 수 없는 값", "not one of the allowed values"),
    "value-type": ("valueType 없음", "no valueType"),
    "language": ("언어 태그가 올바르지 않음", "the language tag is wrong"),
    "language-duplicate": ("같은 언어가 두 번 있음", "the same language twice"),
    "language-english": ("영어 텍스트 없음", "no English text"),
    "category": ("이 종류에 맞지 않는 category", "a category that this kind cannot have"),
    "definition": ("정의 없음 (AASc-3a-008)", "no definition (AASc-3a-008)"),
    "unit": ("단위 없음 (AASc-3a-009)", "no unit (AASc-3a-009)"),
    "value-and-list": ("value와 valueList가 함께 있음", "a value and a valueList"),
    "reference-type": ("참조 유형이 키와 맞지 않음", "the type of the reference does not fit"),
    "reference-keys": ("참조 키 순서가 올바르지 않음", "the keys of the reference do not fit"),
    "reference-target": ("참조 대상의 종류가 다름", "a reference to the wrong kind of thing"),
    "reference-renamed": ("이름이 바뀐 요소를 가리킴", "points to an element that was renamed"),
    "asset-id": ("자산 ID 없음 (AASd-131)", "no asset id (AASd-131)"),
    "entity-type": ("entityType이 자산 ID와 맞지 않음", "the entityType does not fit its ids"),
    "entity-ids": ("자산 ID가 두 종류임 (AASd-014)", "two sorts of asset ids (AASd-014)"),
    "supplemental": ("주 semanticId 없음 (AASd-118)", "no main semanticId (AASd-118)"),
    "qualifier-duplicate": ("같은 유형의 한정자 (AASd-021)", "two qualifiers of one type"),
    "qualifier-kind": ("템플릿이 아닌데 TemplateQualifier", "a TemplateQualifier in an instance"),
    "extension-duplicate": ("같은 이름의 확장 (AASd-077)", "two extensions of one name"),
    "list-kind": ("목록 구성원의 종류가 다름", "the kind of the list is not that of its members"),
    "list-value-type": ("목록 구성원의 valueType이 다름", "the valueType of the list differs"),
    "list-semantic-id": ("목록 구성원의 semanticId가 다름", "the semanticId of the list differs"),
    "revision": ("version 없이 revision만 있음", "a revision without a version"),
    "interval": ("입력 이벤트의 maxInterval", "a maxInterval of an input event"),
    "metamodel": ("이전 메타모델", "an older metamodel"),
    "encoding": ("문자 인코딩이 UTF-8이 아님", "the text is not in UTF-8"),
    "relationship": ("패키지 관계가 올바르지 않음", "a relationship of the package is wrong"),
    "part-missing": ("패키지에 없는 파일", "a file that is not in the package"),
    "part-name": ("파일 이름이 올바르지 않음", "the name of a file is wrong"),
    "only-3.1": ("3.0에 없는 값", "not known in 3.0"),
}

ACTIONS: Final[Mapping[str, tuple[str, str]]] = {
    "renamed": ("이름을 바꿈", "renamed"),
    "replaced": ("바꿈", "replaced"),
    "removed": ("뺌", "left out"),
    "kept": ("Extension으로 옮김", "moved to an Extension"),
    "added": ("더함", "added"),
    "moved": ("옮김", "moved"),
    "read": ("그대로 읽음", "read all the same"),
}


def say(repair: Repair, lang: str) -> tuple[str, str]:
    """Give problem and action as words of a language."""
    index = 0 if lang == "ko" else 1
    change = ""
    said = [text for text in (repair.was.strip(), repair.now.strip()) if text]
    if said:
        change = f": {' → '.join(said)}"
    return PROBLEMS[repair.problem][index], ACTIONS[repair.action][index] + change


class File(NamedTuple):
    """A part of a package that is no model: a document, a picture."""

    content_type: str
    data: bytes


@dataclass(frozen=True)
class Imported:
    """An environment in metamodel 3.1 and everything that came with it.

    `files` are the supplementary parts by their part name (such as /aasx/files/manual.pdf);
    `thumbnail` is the part name of the thumbnail, which is one of them. `lost` is empty: what the
    metamodel cannot hold stands in an Extension and is a repair.
    """

    environment: Json
    metamodel: str
    repairs: tuple[Repair, ...] = ()
    lost: tuple[Repair, ...] = ()
    files: Mapping[str, File] = field(default_factory=dict)
    thumbnail: str | None = None


class Report:
    """Collects repairs while a document is read."""

    def __init__(self) -> None:
        self.repairs: list[Repair] = []
        self.lost: list[Repair] = []

    def add(
        self, path: str, problem: str, action: Action, was: object = "", now: object = ""
    ) -> None:
        """Note one repair."""
        self.repairs.append(Repair(path, problem, action, shown(was), shown(now)))


def shown(value: Any) -> str:
    """Give a value as a short text for a report."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= SHOWN_MAX else f"{text[: SHOWN_MAX - 1]}…"
