"""Repairs of references: their type, their keys and what they may point to.

AASd-121 to AASd-128 of Part 1; key chains as metamodel 2 wrote them are understood.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import orjson

from aas_models.elements import Json
from aas_models.importing.members import NumberText
from aas_models.importing.walk import Place, Trail, Walk, has_content
from aas_models.metamodel.enums import ENUMS, meant
from aas_models.metamodel.schema import REFERABLES
from aas_models.metamodel.texts import NOT_XML, TEXTS

IDENTIFIABLES = frozenset(
    ("AssetAdministrationShell", "ConceptDescription", "Identifiable", "Submodel")
)
FRAGMENTS = frozenset((*ENUMS["SubmodelElements"], "FragmentReference"))
_KEY_TYPES = frozenset(ENUMS["KeyTypes"])
_REFERABLE_KEYS = frozenset((*REFERABLES, *ENUMS["SubmodelElements"], "Identifiable", "Referable"))
_MEMBERS = frozenset(("type", "keys", "referredSemanticId"))
_LONGEST_KEY = TEXTS["Identifier"].longest or 0
REFERABLE = "Referable"
MODEL, EXTERNAL = "ModelReference", "ExternalReference"
SEMANTIC_DEPTH_MAX = 8


def reference(
    walk: Walk, value: Any, place: Place, trail: Trail, want: str = "", depth: int = 0
) -> Json | None:
    """Give a valid reference, or None when it points nowhere.

    Args:
        walk, place, trail: where it is.
        value: what the file says.
        want: kind of thing that it must point to, such as Submodel, or `Referable`.
        depth: how many references it is inside of.
    """
    given = _as_reference(walk, value, place, trail)
    if given is None:
        return None
    before = orjson.dumps(given)
    keys = _keys(walk, given.get("keys"), place, (trail, "keys"))
    if not keys:
        walk.keep(place, trail, given, "empty")
        return None
    made = {"type": given.get("type"), "keys": keys}
    _typed(walk, made, place, trail)
    _chained(walk, made, before, place, trail)
    if want and not _points_to(walk, made, want, place, trail):
        walk.keep(place, trail, orjson.loads(before), "reference-target")
        return None
    _referred(walk, given, made, place, trail, depth)
    if made["type"] == MODEL and len(keys) > 1:
        walk.long_references.append((made, place, trail))
    return made


def _as_reference(walk: Walk, value: Any, place: Place, trail: Trail) -> Json | None:
    if isinstance(value, str) and value.strip():
        walk.note(place, trail, "wrong-shape", "replaced", value, EXTERNAL)
        return {"type": EXTERNAL, "keys": [{"type": "GlobalReference", "value": str(value)}]}
    if isinstance(value, list):
        value = {"keys": value}
    if not isinstance(value, dict):
        walk.keep(place, trail, value, "wrong-shape")
        return None
    return value


def _keys(walk: Walk, value: Any, place: Place, trail: Trail) -> list[Json]:
    if isinstance(value, dict):
        value = [value]
    made: list[Json] = []
    for index, each in enumerate(value if isinstance(value, list) else ()):
        if (
            type(each) is dict
            and len(each) == 2
            and type(each.get("type")) is str
            and each["type"] in _KEY_TYPES
            and type(each.get("value")) is str
            and 0 < len(each["value"]) <= _LONGEST_KEY
            and not each["value"].isspace()
            and not (walk.raw_text and NOT_XML.search(each["value"]))
        ):
            made.append(each)
        elif (key := _key(walk, each, place, (trail, index))) is not None:
            made.append(key)
    return made


def _key(walk: Walk, each: Any, place: Place, trail: Trail) -> Json | None:
    if isinstance(each, str):
        each = {"value": each}
    if not isinstance(each, dict) or not isinstance(each.get("value"), str):
        walk.keep(place, trail, each, "wrong-shape" if has_content(each) else "empty")
        return None
    for other in [name for name in each if name not in {"type", "value"}]:
        walk.keep(place, (trail, other), each[other], "unknown-member")
    text = _key_text(walk, each["value"], place, (trail, "value"))
    if text is None:
        return None
    kind = each.get("type")
    if not isinstance(kind, str) or kind not in _KEY_TYPES:
        known = meant("KeyTypes", kind) if isinstance(kind, str) else None
        if known is None and has_content(kind):
            walk.keep(place, (trail, "type"), kind, "bad-enum")
        else:
            walk.note(place, (trail, "type"), "bad-enum", "replaced", kind or "", known or "")
        kind = known or "GlobalReference"
    return {"type": kind, "value": text}


def _key_text(walk: Walk, text: str, place: Place, trail: Trail) -> str | None:
    if isinstance(text, NumberText):
        text = str(text)
    if not text.strip():
        walk.note(place, trail, "empty", "removed")
        return None
    if NOT_XML.search(text):
        walk.keep(place, trail, text, "bad-characters")
        text = NOT_XML.sub("", text)
    if len(text) > _LONGEST_KEY:
        walk.keep(place, trail, text, "too-long")
        text = text[:_LONGEST_KEY]
    return text if text.strip() else None


def _typed(walk: Walk, made: Json, place: Place, trail: Trail) -> None:
    """Let the first key decide what the reference is (AASd-121 to -123)."""
    first = made["keys"][0]["type"]
    right = MODEL if first in IDENTIFIABLES else EXTERNAL
    if made["type"] != right:
        walk.note(place, (trail, "type"), "reference-type", "replaced", made["type"] or "", right)
        made["type"] = right


def _chained(walk: Walk, made: Json, before: bytes, place: Place, trail: Trail) -> None:
    keys = made["keys"]
    if made["type"] == MODEL:
        if len(keys) > 1 and keys[0]["type"] != "Submodel" and keys[1]["type"] in IDENTIFIABLES:
            walk.keep(place, trail, orjson.loads(before), "reference-keys")
            del keys[0]
        if len(keys) == 1 or _is_model_chain(keys):
            return
    elif keys[0]["type"] == "GlobalReference" and (
        keys[-1]["type"] in {"GlobalReference", "FragmentReference"}
    ):
        return
    walk.keep(place, (trail, "keys"), orjson.loads(before), "reference-keys")
    made["type"] = EXTERNAL
    made["keys"][:] = [{"type": "GlobalReference", "value": key["value"]} for key in keys]


def _is_model_chain(keys: list[Json]) -> bool:
    """AASd-125 to AASd-128."""
    for above, key in pairwise(keys):
        if key["type"] not in FRAGMENTS or above["type"] == "FragmentReference":
            return False
        if key["type"] == "FragmentReference" and above["type"] not in {"File", "Blob"}:
            return False
        if above["type"] == "SubmodelElementList":
            text = key["value"]
            if not (text.isascii() and text.isdigit()):
                return False
    return True


def _points_to(walk: Walk, made: Json, want: str, place: Place, trail: Trail) -> bool:
    last = made["keys"][-1]["type"]
    fits = last in _REFERABLE_KEYS if want == REFERABLE else last == want
    if made["type"] == MODEL and fits:
        return True
    if len(made["keys"]) == 1 and want != REFERABLE:
        walk.note(place, (trail, "keys"), "reference-target", "replaced", last, want)
        made["type"] = MODEL
        made["keys"][0] = {"type": want, "value": made["keys"][0]["value"]}
        return True
    return False


def _referred(walk: Walk, given: Json, made: Json, place: Place, trail: Trail, depth: int) -> None:
    for other in [name for name in given if name not in _MEMBERS]:
        walk.keep(place, (trail, other), given[other], "unknown-member")
    inner = given.get("referredSemanticId")
    if inner is None:
        return
    at = (trail, "referredSemanticId")
    if depth >= SEMANTIC_DEPTH_MAX:
        walk.keep(place, at, inner, "wrong-shape")
        return
    semantic = reference(walk, inner, place, at, depth=depth + 1)
    if semantic is not None:
        made["referredSemanticId"] = semantic


def external(walk: Walk, made: Json, place: Place, trail: Trail) -> None:
    """Make a reference an external one (AASd-133)."""
    if made["type"] == EXTERNAL:
        return
    walk.keep(place, trail, dict(made), "reference-target")
    made["type"] = EXTERNAL
    made["keys"] = [{"type": "GlobalReference", "value": key["value"]} for key in made["keys"]]


def follow_renames(walk: Walk) -> None:
    """Let references into a submodel follow its renamed elements."""
    if not walk.renamed:
        return
    for made, place, trail in walk.long_references:
        keys = made["keys"]
        if made["type"] != MODEL or keys[0]["type"] != "Submodel":
            continue
        names = walk.names.get(keys[0]["value"], {})
        for index, key in enumerate(keys[1:], 1):
            known = names.get(key["value"])
            if known is None:
                break
            new, names = known
            if new != key["value"]:
                at = ((trail, "keys"), index)
                walk.note(place, at, "reference-renamed", "replaced", key["value"], new)
                keys[index] = {"type": key["type"], "value": new}
