"""Technical Data 2.0 from what a device file says of its asset. Source: IDTA 02003-2-0.

What nobody stated is left out; where that is everything there is no such submodel.
"""

from __future__ import annotations

from aas_models.elements import Json, collection, multi_language, stated, submodel, text_property
from gateway.core.assets import AssetInfo, LocalName

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
