"""The words of the pages, and which language a reader wants."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from gateway.core.texts import LANGUAGES, N_, Language, Texts

TEXTS = Texts(
    __package__,
    {
        "own-name": N_("English"),
        "title": N_("Asset Administration Shells, live values"),
        "tree": N_("Asset Administration Shells with live values"),
        "status": N_("State of the gateway (JSON)"),
        "description": N_("Profiles of the AAS API (JSON)"),
        "metrics": N_("Metrics"),
        "without-shell": N_("Submodels of no shell"),
        "nothing": N_("There is no device yet. Add a device file and it appears here."),
        "read": N_("Values as of when this page was opened."),
        "live": N_("Live"),
        "lost": N_("The gateway does not answer. These are the last values."),
    },
)


def language_of(request: Request) -> Language:
    """Choose by `lang`, else by the first known language of Accept-Language, else Korean."""
    accepted = request.headers.get("accept-language", "").lower().split(",")
    codes = (part.partition(";")[0].strip().partition("-")[0] for part in accepted)
    asked = (request.query_params.get("lang", ""), *codes)
    return next((known for code in asked for known in LANGUAGES if code == known), "ko")


def text_in(given: Any, language: str) -> str:
    """Choose from language strings: this language, else any."""
    if not isinstance(given, list) or not given:
        return ""
    known = {str(each["language"]).partition("-")[0]: str(each["text"]) for each in given}
    return known.get(language) or next(iter(known.values()))
