"""Repairs of single members: texts, enumerations, flags and language strings."""

from __future__ import annotations

import mimetypes
import re
from functools import partial
from typing import Any
from urllib.parse import quote

from aas_models.elements import Json
from aas_models.importing.names import numbered
from aas_models.importing.walk import Place, Trail, Walk, has_content
from aas_models.metamodel.datatypes import is_value, normalised
from aas_models.metamodel.enums import ENUMS, ONLY_SINCE_3_1, meant
from aas_models.metamodel.languages import corrected, is_wrong
from aas_models.metamodel.schema import Field
from aas_models.metamodel.texts import NOT_XML, TEXTS, has_form

URI_SAFE = "-_.!~*'();/?:@&=+$,#%"
OCTETS = "application/octet-stream"
_ENUM_SETS = {name: frozenset(values) for name, values in ENUMS.items()}


class NumberText(str):
    """A number of a JSON file, with its digits as they were written."""

    __slots__ = ()


def text(walk: Walk, value: Any, field: Field, place: Place, trail: Trail) -> str | None:
    """Give a valid text or None when there is nothing to hold on to."""
    kind = TEXTS[field.of]
    if type(value) is not str:
        value = _from_scalar(walk, value, place, trail)
        if value is None:
            return None
    if walk.raw_text and NOT_XML.search(value):
        walk.keep(place, trail, value, "bad-characters")
        value = NOT_XML.sub("", value)
    if not kind.empty and not value.strip():
        walk.note(place, trail, "empty", "removed", value)
        return None
    if kind.form and not has_form(kind.form, value):
        return _formed(walk, value, kind.form, place, trail)
    if kind.longest is not None and len(value) > kind.longest:
        walk.keep(place, trail, value, "too-long")
        value = value[: kind.longest]
    return str(value)


def _from_scalar(walk: Walk, value: Any, place: Place, trail: Trail) -> str | None:
    if isinstance(value, NumberText):
        walk.note(place, trail, "wrong-shape", "replaced", "number", value)
        return str(value)
    if isinstance(value, bool):
        walk.note(place, trail, "wrong-shape", "replaced", "boolean", value)
        return "true" if value else "false"
    walk.keep(place, trail, value, "wrong-shape")
    return None


def _formed(walk: Walk, value: str, form: str, place: Place, trail: Trail) -> str | None:
    guess = _guess(form, value)
    if guess is None or not has_form(form, guess) or len(guess) > 2000:
        walk.keep(place, trail, value, "bad-form")
        return None
    if form in {"ContentType", "Version"} or (form == "Path" and guess != value.strip()):
        walk.keep_quietly(place, f"original.{'.'.join(str(each) for each in trail[-1:])}", value)
    walk.note(place, trail, "bad-form", "replaced", value, guess)
    return guess


def _guess(form: str, value: str) -> str | None:
    stripped = value.strip()
    if form == "Path":
        return as_uri(stripped)
    if form == "ContentType":
        return mimetypes.guess_type(f"x.{stripped.lstrip('.').casefold()}")[0] or OCTETS
    if form == "Version":
        digits = re.search(r"[0-9]+", stripped)
        return str(int(digits[0])) if digits and len(digits[0]) <= 4 else None
    if form == "DateTimeUtc":
        return _as_utc(stripped)
    if form == "Base64":
        return "".join(stripped.split())
    return stripped


def _as_utc(value: str) -> str | None:
    moment = normalised("xs:dateTime", value)
    if moment is None:
        return None
    return moment if moment.endswith("Z") else f"{re.sub(r'[+-][0-9:]{5}$', '', moment)}Z"


def as_uri(value: str) -> str:
    """Write a path or plain text as a URI: what a URI cannot hold is percent-encoded."""
    value = re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", value)
    quoted = quote(value, safe=URI_SAFE)
    head, hash_mark, tail = quoted.partition("#")
    quoted = head + hash_mark + tail.replace("#", "%23")
    if not is_value("xs:anyURI", quoted):
        first, slash, rest = quoted.partition("/")
        quoted = first.replace(":", "%3A") + slash + rest
    return quoted


def enum(walk: Walk, value: Any, field: Field, place: Place, trail: Trail) -> str | None:
    """Give a value of an enumeration; None when nothing is like it."""
    if type(value) is str and value in _ENUM_SETS[field.of]:
        return _known(walk, value, field, place, trail)
    known = meant(field.of, value) if isinstance(value, str) else None
    if known is not None:
        walk.note(place, trail, "bad-enum", "replaced", value, known)
        return known
    if has_content(value):
        walk.keep(place, trail, value, "bad-enum")
    else:
        walk.note(place, trail, "empty", "removed")
    return None


def _known(walk: Walk, value: str, field: Field, place: Place, trail: Trail) -> str:
    instead = ONLY_SINCE_3_1.get((field.of, value))
    if instead is None:
        return value
    walk.fits_3_0 = False
    if not walk.for_3_0:
        return value
    walk.keep(place, trail, value, "only-3.1")
    return instead


def flag(walk: Walk, value: Any, _: Field, place: Place, trail: Trail) -> bool | None:
    """Give true or false."""
    if isinstance(value, bool):
        return value
    known = normalised("xs:boolean", value) if isinstance(value, str) else None
    if known is None:
        walk.keep(place, trail, value, "bad-value")
        return None
    if value not in {"true", "false"} or walk.raw_text:
        walk.note(place, trail, "wrong-shape", "replaced", value, known)
    return known in {"true", "1"}


def languages(
    walk: Walk, value: Any, field: Field, place: Place, trail: Trail
) -> list[Json] | None:
    """Give texts in distinct languages; None when no text is left."""
    if isinstance(value, dict):
        value = [value]
    elif isinstance(value, str):
        value = [{"text": value}]
    if not isinstance(value, list):
        walk.keep(place, trail, value, "wrong-shape")
        return None
    made: list[Json] = []
    seen: dict[str, str] = {}
    for index, each in enumerate(value):
        one = _one_language(walk, each, int(field.of), seen, place, (trail, index))
        if one is not None:
            seen[one["language"]] = one["text"]
            made.append(one)
    if not value:
        walk.note(place, trail, "empty", "removed")
    return made or None


def _one_language(
    walk: Walk, each: Any, longest: int, seen: dict[str, str], place: Place, trail: Trail
) -> Json | None:
    if isinstance(each, str):
        each = {"text": each}
    if not isinstance(each, dict):
        walk.keep(place, trail, each, "wrong-shape")
        return None
    said = each.get("text")
    for name, value in each.items():
        if name not in {"language", "text", "modelType"}:
            walk.keep(place, (trail, name), value, "unknown-member")
        elif value is not None and not isinstance(value, str):
            walk.keep(place, (trail, name), value, "wrong-shape")
    said = str(said) if isinstance(said, str) else ""
    if walk.raw_text and NOT_XML.search(said):
        walk.keep(place, trail, said, "bad-characters")
        said = NOT_XML.sub("", said)
    if not said.strip():
        walk.note(place, trail, "empty", "removed", each.get("language") or "")
        return None
    if len(said) > longest:
        walk.keep(place, (trail, "text"), said, "too-long")
        said = said[:longest]
    return _in_a_language(walk, each.get("language"), said, seen, place, trail)


def _in_a_language(
    walk: Walk, tag: Any, said: str, seen: dict[str, str], place: Place, trail: Trail
) -> Json | None:
    tag = tag if isinstance(tag, str) else ""
    if is_wrong(tag):
        fixed = corrected(tag, said)
        walk.note(place, trail, "language", "replaced", tag, fixed)
        tag = fixed
    if tag not in seen:
        return {"language": tag, "text": said}
    if seen[tag] == said:
        walk.note(place, trail, "language-duplicate", "removed", said)
        return None
    other = numbered(partial("{}-x-{}".format, tag), seen)
    walk.note(place, trail, "language-duplicate", "replaced", tag, other)
    return {"language": other, "text": said}


def value_of_type(walk: Walk, holder: Json, member: str, place: Place, trail: Trail) -> None:
    """Make a value agree with the valueType beside it (AASd-020)."""
    value = holder.get(member)
    value_type = holder.get("valueType") or "xs:string"
    if value is None or is_value(value_type, value):
        return
    if not value.strip():
        walk.note(place, (trail, member), "empty", "removed", value)
        del holder[member]
        return
    guess = normalised(value_type, value)
    if guess is None:
        walk.keep(place, (trail, member), value, "bad-value")
        del holder[member]
        return
    walk.note(place, (trail, member), "bad-value", "replaced", value, guess)
    holder[member] = guess
