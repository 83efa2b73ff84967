"""Small builders that both submodels of an interface share: lists, references, our extensions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from aas_models.elements import Json, element, global_reference
from aas_models.interfaces.terms import EXTENSION
from gateway.core.interfaces import Terms

SMC = "SubmodelElementCollection"


def path_reference(submodel: str, steps: Sequence[tuple[str, str]]) -> Json:
    """Refer to an element by its submodel's id and (modelType, idShort) of each step."""
    keys = [{"type": "Submodel", "value": submodel}]
    keys += [{"type": kind, "value": name} for kind, name in steps]
    return {"type": "ModelReference", "keys": keys}


def collections_to(*names: str) -> list[tuple[str, str]]:
    """Give the steps through collections."""
    return [(SMC, name) for name in names]


def listing(
    id_short: str, semantic_id: str, members: str, of: str, children: Iterable[Json]
) -> Json:
    """Make a SubmodelElementList without an order.

    Args:
        members: semantic id of its members; of: their modelType.
    """
    return element(
        "SubmodelElementList",
        id_short,
        semantic_id=semantic_id,
        orderRelevant=False,
        semanticIdListElement=global_reference(members),
        typeValueListElement=of,
        value=list(children),
    )


def typed(
    id_short: str, value: str | None, semantic_id: str, value_type: str = "xs:string"
) -> Json:
    """Make a Property of a type."""
    return element("Property", id_short, semantic_id=semantic_id, valueType=value_type, value=value)


def words(said: Terms, known: Mapping[str, str]) -> list[Json]:
    """Make a Property of each word; one that the binding does not know is no word of it.

    Args:
        known: semantic ids by idShort.
    """
    return [typed(name, text, known[name]) for name, text in said if name in known]


def with_extensions(made: Json, extras: Mapping[str, str]) -> Json:
    """Give an element that also says what no template has a place for."""
    if not extras:
        return made
    extensions = [
        {
            "name": name,
            "semanticId": global_reference(f"{EXTENSION}{name}"),
            "valueType": "xs:string",
            "value": value,
        }
        for name, value in extras.items()
    ]
    return {**made, "extensions": extensions}
