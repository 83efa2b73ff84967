"""Technical Data 2.0 from what a device file says of its asset. Source: IDTA 02003-2-0.

What nobody stated is left out; where that is everything there is no such submodel.
"""

from __future__ import annotations

from collections.abc import Sequence

from aas_models.elements import Json, collection, multi_language, stated, submodel, text_property
from aas_models.environment_parts import AnySubmodel, SubmodelModel
from aas_models.submodel_kind import SubmodelKind
from gateway.core.assets import AssetInfo, AssetModel, LocalName

ID_SHORT = "TechnicalData"
SEMANTIC_ID = "0173-1#01-AHX837#002"
TEMPLATE = "https://admin-shell.io/idta-02003-2-0"
_GENERAL = "0173-1#02-ABK161#002/0173-1#01-AHX838#002"


def technical_data(identifier: str, info: AssetInfo) -> Json | None:
    """Make the submodel; None where nothing of it is known."""
    general = stated(_general(info))
    if not general:
        return None
    elements = [collection("GeneralInformation", general, _GENERAL)]
    return submodel(
        identifier, ID_SHORT, SEMANTIC_ID, elements, version=("2", "0"), template=TEMPLATE
    )


def _general(info: AssetInfo) -> list[Json]:
    maker = info.maker.pick("en") if info.maker else None
    designation = LocalName(en=info.model) if info.model else None
    return [
        text_property("ManufacturerName", maker or None, "0173-1#02-AAO677#004"),
        multi_language("ManufacturerProductDesignation", designation, "0173-1#02-AAW338#003"),
        text_property("ManufacturerArticleNumber", info.article, "0173-1#02-AAO676#005"),
        text_property("ManufacturerOrderCode", info.order_code, "0173-1#02-AAO227#004"),
    ]


def _parts(model: AssetModel, _of_tags: Sequence[AnySubmodel]) -> list[SubmodelModel]:
    identifier = model.ids.get(ID_SHORT)
    made = technical_data(identifier, model.info) if identifier else None
    return [SubmodelModel(made)] if made else []


KINDS = (
    SubmodelKind(
        name=ID_SHORT,
        semantic_id=SEMANTIC_ID,
        place=20,
        parts=_parts,
        describes=True,
        template="TechnicalData 2.0",
        stated_by={
            "GeneralInformation.ManufacturerName": "asset.maker",
            "GeneralInformation.ManufacturerProductDesignation": "asset.model",
            "GeneralInformation.ManufacturerArticleNumber": "asset.article",
            "GeneralInformation.ManufacturerOrderCode": "asset.order_code",
        },
    ),
)
