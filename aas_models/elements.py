"""Building blocks of the AAS metamodel as plain JSON, without anything empty.

Source: Specification of the AAS Part 1 (IDTA-01001), JSON mapping; valid in 3.0 and 3.1.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from gateway.core.assets import LocalName
from gateway.core.errors import AasError

Json = dict[str, Any]

ID_SHORT = re.compile(r"[A-Za-z][A-Za-z0-9_]*[A-Za-z0-9_]")
"""What 3.0 judges and the 3.1 pattern both accept."""

NAME_LENGTH_MAX = 128
"""displayName texts: MultiLanguageNameType, Part 1 §5.3.11."""

_HANGUL = re.compile(r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")


def global_reference(value: str) -> Json:
    """Refer to something outside: a semantic id, a unit."""
    return {"type": "ExternalReference", "keys": [{"type": "GlobalReference", "value": value}]}


def model_reference(kind: str, value: str) -> Json:
    """Refer to an identifiable of an AAS by its id."""
    return {"type": "ModelReference", "keys": [{"type": kind, "value": value}]}


def lang_strings(name: LocalName | None) -> list[Json]:
    """Give the texts in the languages that are known; may be empty."""
    if name is None:
        return []
    pairs = (("ko", name.ko), ("en", name.en))
    return [{"language": code, "text": text[:NAME_LENGTH_MAX]} for code, text in pairs if text]


def name_in_its_language(text: str) -> LocalName:
    """Tell by its letters whether a name is Korean."""
    return LocalName(ko=text) if _HANGUL.search(text) else LocalName(en=text)


def checked_id_short(text: str) -> str:
    """Give the idShort back.

    Raises:
        AasError: other tools would refuse it.
    """
    if not ID_SHORT.fullmatch(text):
        raise AasError("id-short", f"{text!r} is not letters, digits and _ beginning with a letter")
    return text


def derived_id(base: str, *parts: str) -> str:
    """Give a stable id below another one; below a URN it is a UUID (version 5)."""
    tail = "/".join(parts)
    if base.startswith("urn:"):
        return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{base}/{tail}')}"
    return f"{base.rstrip('/')}/{tail}"


def element(
    kind: str,
    id_short: str | None,
    *,
    semantic_id: str | None = None,
    also: Sequence[str] = (),
    name: LocalName | None = None,
    **more: Any,
) -> Json:
    """Make a submodel element; arguments that are None or empty leave no trace.

    Args:
        kind: the modelType.
        id_short: None only inside a SubmodelElementList.
        semantic_id, also: main and supplemental semantic ids.
        name: displayName.
        more: further members under their JSON names.
    """
    made: Json = {"modelType": kind}
    if id_short is not None:
        made["idShort"] = checked_id_short(id_short)
    if names := lang_strings(name):
        made["displayName"] = names
    if semantic_id:
        made["semanticId"] = global_reference(semantic_id)
    if also:
        made["supplementalSemanticIds"] = [global_reference(value) for value in also]
    made.update(
        (key, value) for key, value in more.items() if value is not None and value not in ([], "")
    )
    return made


def text_property(
    id_short: str,
    value: str | None,
    semantic_id: str,
    also: Sequence[str] = (),
    value_type: str = "xs:string",
) -> Json:
    """Make a Property whose value does not change; None: it is not known and has no value."""
    return element(
        "Property", id_short, semantic_id=semantic_id, also=also, valueType=value_type, value=value
    )


def multi_language(
    id_short: str, value: LocalName | None, semantic_id: str, also: Sequence[str] = ()
) -> Json:
    """Make a MultiLanguageProperty; None: it is not known and has no value."""
    return element(
        "MultiLanguageProperty",
        id_short,
        semantic_id=semantic_id,
        also=also,
        value=lang_strings(value),
    )


def collection(
    id_short: str,
    children: Iterable[Json],
    semantic_id: str | None = None,
    also: Sequence[str] = (),
) -> Json:
    """Make a SubmodelElementCollection; leave out an empty one, clients break at it."""
    return element(
        "SubmodelElementCollection",
        id_short,
        semantic_id=semantic_id,
        also=also,
        value=list(children),
    )


def stated(elements: Iterable[Json]) -> list[Json]:
    """Leave out what has no value, because nobody stated one."""
    return [each for each in elements if each.get("value")]


def submodel(
    identifier: str,
    id_short: str,
    semantic_id: str | None,
    elements: Sequence[Json],
    *,
    version: tuple[str, str] | None = None,
    template: str | None = None,
) -> Json:
    """Make a Submodel of kind Instance; `version` is (version, revision)."""
    made: Json = {
        "modelType": "Submodel",
        "id": identifier,
        "idShort": checked_id_short(id_short),
        "kind": "Instance",
    }
    if version:
        made["administration"] = {"version": version[0], "revision": version[1]}
        if template:
            made["administration"]["templateId"] = template
    if semantic_id:
        made["semanticId"] = global_reference(semantic_id)
    if elements:
        made["submodelElements"] = list(elements)
    return made


def pruned(value: Any) -> Any:
    """Give a copy without empty arrays, empty objects and nulls, as the JSON mapping demands."""
    if isinstance(value, dict):
        kept = {key: pruned(part) for key, part in value.items()}
        return {key: part for key, part in kept.items() if part not in (None, [], {})}
    if isinstance(value, list):
        return [pruned(part) for part in value]
    return value
