"""The words of the page, and which language a reader wants."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

TEXTS = {
    "ko": {
        "own-name": "한국어",
        "title": "자산관리쉘(AAS) 현재 값",
        "tree": "자산관리쉘(AAS) 트리와 현재 값",
        "status": "게이트웨이 상태 (JSON)",
        "description": "AAS API 프로파일 (JSON)",
        "metrics": "메트릭",
        "without-shell": "쉘에 속하지 않은 서브모델",
        "nothing": "아직 설비가 없습니다. 설비 파일을 추가하면 여기에 나타납니다.",
        "read": "이 페이지를 연 시점의 값입니다.",
        "live": "실시간 갱신 중",
        "lost": "게이트웨이에 연결되지 않습니다. 마지막 값입니다.",
    },
    "en": {
        "own-name": "English",
        "title": "Asset Administration Shells, live values",
        "tree": "Asset Administration Shells with live values",
        "status": "State of the gateway (JSON)",
        "description": "Profiles of the AAS API (JSON)",
        "metrics": "Metrics",
        "without-shell": "Submodels of no shell",
        "nothing": "There is no device yet. Add a device file and it appears here.",
        "read": "Values as of when this page was opened.",
        "live": "Live",
        "lost": "The gateway does not answer. These are the last values.",
    },
}


def language_of(request: Request) -> str:
    """Choose by `lang`, else by the first known language of Accept-Language, else Korean."""
    asked = request.query_params.get("lang", "")
    if asked in TEXTS:
        return asked
    for part in request.headers.get("accept-language", "").split(","):
        code = part.partition(";")[0].strip().lower().partition("-")[0]
        if code in TEXTS:
            return code
    return "ko"


def text_in(given: Any, language: str) -> str:
    """Choose from language strings: this language, else any."""
    if not isinstance(given, list) or not given:
        return ""
    known = {str(each["language"]).partition("-")[0]: str(each["text"]) for each in given}
    return known.get(language) or next(iter(known.values()))
