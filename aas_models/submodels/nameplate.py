"""Digital Nameplate 3.0 from what a device file says of its asset.

Source: IDTA 02006-3-0. Mandatory elements are always there; one that nobody stated has no value,
because an invented manufacturer would be worse than none.
"""

from __future__ import annotations

from aas_models.elements import Json, collection, multi_language, submodel, text_property
from gateway.core.assets import AssetInfo, LocalName

ID_SHORT = "Nameplate"
SEMANTIC_ID = "https://admin-shell.io/idta/nameplate/3/0/Nameplate"
TEMPLATE = "https://admin-shell.io/idta-02006-3-0"
_CDD = "0112/2///61987#"
_ADDRESS = "https://admin-shell.io/zvei/nameplate/1/0/ContactInformations/AddressInformation"
_ADDRESS_ALSO = (
    "https://admin-shell.io/smt-dropin/smt-dropin-use/1/0",
    "0112/2///61360_7#AAS002#001",
    "0173-1#02-AAQ837#008/0173-1#01-ADR448#008",
)


def nameplate(identifier: str, info: AssetInfo) -> Json:
    """Make the submodel; `identifier` is its id."""
    elements = [*_mandatory(info), *_optional(info)]
    return submodel(
        identifier, ID_SHORT, SEMANTIC_ID, elements, version=("3", "0"), template=TEMPLATE
    )


def _mandatory(info: AssetInfo) -> list[Json]:
    designation = LocalName(en=info.model) if info.model else None
    return [
        text_property(
            "URIOfTheProduct",
            info.asset,
            f"{_CDD}ABN590#002",
            ["0173-1#02-ABH173#003"],
            value_type="xs:anyURI",
        ),
        multi_language(
            "ManufacturerName", info.maker, f"{_CDD}ABA565#009", ["0173-1#02-AAO677#004"]
        ),
        multi_language(
            "ManufacturerProductDesignation",
            designation,
            f"{_CDD}ABA567#009",
            ["0173-1#02-AAW338#003"],
        ),
        collection("AddressInformation", [], _ADDRESS, _ADDRESS_ALSO),
        text_property(
            "OrderCodeOfManufacturer", None, f"{_CDD}ABA950#008", ["0173-1#02-AAO227#004"]
        ),
    ]


def _optional(info: AssetInfo) -> list[Json]:
    rows = (
        ("ManufacturerProductType", info.model, "ABA300#008", "0173-1#02-AAO057#004"),
        ("SerialNumber", info.serial, "ABA951#009", "0173-1#02-AAM556#004"),
        (
            "YearOfConstruction",
            None if info.year is None else str(info.year),
            "ABP000#002",
            "0173-1#02-AAP906#003",
        ),
    )
    return [
        text_property(id_short, value, _CDD + main, [also])
        for id_short, value, main, also in rows
        if value
    ]
