"""What was met in interface submodels and not understood, in Korean and English."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Reason = Literal[
    "protocol", "no-address", "other-address", "member", "affordance", "security", "reference",
    "sink", "pairing", "transformation", "unmapped", "no-mapping", "form", "unit",
    "type", "number", "key", "insecure", "login", "tls", "none", "name", "extension",
]  # fmt: skip

TEXTS: dict[Reason, tuple[str, str]] = {
    "protocol": (
        "{detail} 프로토콜은 아직 지원하지 않습니다",
        "the protocol {detail} is not supported yet",
    ),
    "no-address": ("주소가 없습니다: {detail}", "there is no address: {detail}"),
    "other-address": (
        "base 와 다른 주소는 지원하지 않습니다: {detail}",
        "an address other than the base is not supported: {detail}",
    ),
    "member": (
        "모르는 항목 {detail} 을(를) 무시했습니다",
        "the unknown member {detail} was ignored",
    ),
    "affordance": (
        "{detail} 은(는) 읽지 않습니다 (속성만 읽음)",
        "{detail} are not read, only properties are",
    ),
    "security": (
        "보안 방식 {detail} 은(는) 지원하지 않습니다",
        "the security scheme {detail} is not supported",
    ),
    "reference": (
        "참조가 가리키는 요소가 없습니다: {detail}",
        "the reference leads to nothing: {detail}",
    ),
    "sink": (
        "대상 {detail} 은(는) 쓸 수 없어 기본 위치를 씁니다",
        "the sink {detail} cannot be used; the default place is taken",
    ),
    "pairing": (
        "source 와 sink 의 id 가 짝이 맞지 않습니다: {detail}",
        "the ids of source and sink do not match: {detail}",
    ),
    "transformation": (
        "Lua 변환은 실행하지 않습니다. 원래 값을 기본 위치에 둡니다",
        "the Lua transformation is not executed; raw values go to their default places",
    ),
    "unmapped": (
        "매핑이 없어 태그로 만들지 않았습니다: {detail}",
        "not mapped, so no tag was made: {detail}",
    ),
    "no-mapping": (
        "AIMC 가 없어 모든 속성을 태그로 만듭니다",
        "there is no mapping configuration: every property becomes a tag",
    ),
    "form": (
        "{detail} 은(는) 읽을 수 없습니다",
        "{detail} cannot be read from",
    ),
    "unit": ("모르는 단위 {detail} 을(를) 뺐습니다", "the unknown unit {detail} was left out"),
    "type": ("모르는 자료형 {detail} 을(를) 뺐습니다", "the unknown type {detail} was left out"),
    "number": ("숫자가 아닙니다: {detail}", "not a number: {detail}"),
    "key": (
        "설정 키로 쓸 수 없어 뺐습니다: {detail}",
        "left out, it does not fit the configuration: {detail}",
    ),
    "insecure": (
        "암호화하지 않는 연결입니다 (nosec)",
        "the connection is not protected (nosec)",
    ),
    "login": (
        "로그인이 필요합니다. 비밀은 AASX 에 없습니다: {detail}",
        "a login is needed; no AASX holds its secret: {detail}",
    ),
    "tls": (
        "TLS 파일은 AASX 에 없습니다. 설비 파일의 tls: 에 쓰세요",
        "no AASX holds TLS files; write them under tls: of the device file",
    ),
    "none": (
        "Asset Interfaces Description 이 없습니다",
        "there is no Asset Interfaces Description",
    ),
    "name": ("이름이 겹쳐 {detail} (으)로 바꿨습니다", "the name was taken; it is now {detail}"),
    "extension": ("읽을 수 없는 확장값입니다: {detail}", "the extension cannot be read: {detail}"),
}


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that was not understood, or that somebody has to know; `path` says where."""

    path: str
    reason: Reason
    detail: str = ""

    def text(self, language: str) -> str:
        """Say it in `ko` or `en`."""
        korean, english = TEXTS[self.reason]
        return (korean if language == "ko" else english).format(detail=self.detail)

    def as_json(self) -> dict[str, str]:
        """Give it for programs, in both languages."""
        return {
            "path": self.path,
            "reason": self.reason,
            "detail": self.detail,
            "ko": self.text("ko"),
            "en": self.text("en"),
        }
