"""Digital Nameplate 3.0 from what a device file says of its asset.

Source: IDTA 02006-3-0. What nobody stated is left out, mandatory or not: an invented manufacturer
would be worse than none, and clients break at an empty address. `gateway aas verify` names it.
"""

from __future__ import annotations

from collections.abc import Sequence

from aas_models.elements import Json, collection, multi_language, stated, submodel, text_property
from aas_models.environment_parts import AnySubmodel, SubmodelModel
from aas_models.submodel_kind import SubmodelKind
from gateway.core.assets import Address, AssetInfo, AssetModel, LocalName

ID_SHORT = "Nameplate"
SEMANTIC_ID = "https://admin-shell.io/idta/nameplate/3/0/Nameplate"
TEMPLATE = "https://admin-shell.io/idta-02006-3-0"
_CDD = "0112/2///61987#"
_CONTACT = "https://admin-shell.io/zvei/nameplate/1/0/ContactInformations/ContactInformation"
_ADDRESS = "https://admin-shell.io/zvei/nameplate/1/0/ContactInformations/AddressInformation"
_ADDRESS_ALSO = (
    "https://admin-shell.io/smt-dropin/smt-dropin-use/1/0",
    "0112/2///61360_7#AAS002#001",
    "0173-1#02-AAQ837#008/0173-1#01-ADR448#008",
)


def nameplate(identifier: str, info: AssetInfo) -> Json:
    """Make the submodel; `identifier` is its id."""
    elements = stated([*_mandatory(info), *_optional(info)])
    return submodel(
        identifier, ID_SHORT, SEMANTIC_ID, elements, version=("3", "0"), template=TEMPLATE
    )


def _mandatory(info: AssetInfo) -> list[Json]:
    designation = LocalName(en=info.model) if info.model else None
    return [
        text_property(
            "URIOfTheProduct",
            info.uri or info.asset,
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
        collection("AddressInformation", address(info.address), _ADDRESS, _ADDRESS_ALSO),
        text_property(
            "OrderCodeOfManufacturer",
            info.order_code,
            f"{_CDD}ABA950#008",
            ["0173-1#02-AAO227#004"],
        ),
    ]


def address(known: Address | None) -> list[Json]:
    """Give what is known of an address. Source: IDTA 02002-1-0, Contact Information."""
    if known is None:
        return []
    country = LocalName(en=known.country) if known.country else None
    zip_code = LocalName(en=known.zip) if known.zip else None
    rows = (
        ("Street", known.street, "0173-1#02-AAO128#002"),
        ("Zipcode", zip_code, "0173-1#02-AAO129#002"),
        ("CityTown", known.city, "0173-1#02-AAO132#002"),
        ("NationalCode", country, "0173-1#02-AAO134#002"),
    )
    made = [multi_language(name, value, meaning) for name, value, meaning in rows if value]
    if known.phone:
        number = multi_language(
            "TelephoneNumber", LocalName(en=known.phone), "0173-1#02-AAO136#002"
        )
        made.append(collection("Phone", [number], f"{_CONTACT}/Phone"))
    if known.email:
        mail = text_property("EmailAddress", known.email, "0173-1#02-AAO198#002")
        made.append(collection("Email", [mail], "0173-1#02-AAQ836#005"))
    return made


def _optional(info: AssetInfo) -> list[Json]:
    year = None if info.year is None else str(info.year)
    made = [
        text_property(id_short, value, meaning, [also] if also else (), value_type=value_type)
        for id_short, value, value_type, meaning, also in (
            ("ManufacturerProductType", info.model, *_TYPE),
            ("ProductArticleNumberOfManufacturer", info.article, *_ARTICLE),
            ("SerialNumber", info.serial, *_SERIAL),
            ("YearOfConstruction", year, *_YEAR),
            ("DateOfManufacture", info.made, *_MADE),
            ("HardwareVersion", info.hardware, *_HARDWARE),
            ("FirmwareVersion", info.firmware, *_FIRMWARE),
            ("SoftwareVersion", info.software, *_SOFTWARE),
            ("CountryOfOrigin", info.origin, *_ORIGIN),
            ("UniqueFacilityIdentifier", info.facility, *_FACILITY),
        )
        if value
    ]
    if info.family:
        also = ["0173-1#02-AAU731#003"]
        family = multi_language("ManufacturerProductFamily", info.family, f"{_CDD}ABP464#002", also)
        made.insert(0, family)
    return made


_TYPE = ("xs:string", f"{_CDD}ABA300#008", "0173-1#02-AAO057#004")
_ARTICLE = ("xs:string", f"{_CDD}ABA581#007", "0173-1#02-AAO676#005")
_SERIAL = ("xs:string", f"{_CDD}ABA951#009", "0173-1#02-AAM556#004")
_YEAR = ("xs:string", f"{_CDD}ABP000#002", "0173-1#02-AAP906#003")
_MADE = ("xs:date", f"{_CDD}ABB757#007", "0173-1#02-AAR972#004")
_HARDWARE = ("xs:string", f"{_CDD}ABA926#008", "0173-1#02-AAN270#004")
_FIRMWARE = ("xs:string", f"{_CDD}ABA302#006", "0173-1#02-AAM985#004")
_SOFTWARE = ("xs:string", f"{_CDD}ABA601#008", "0173-1#02-AAM737#004")
_ORIGIN = ("xs:string", f"{_CDD}ABP462#001", "0173-1#02-AAO259#007")
_FACILITY = (
    "xs:string",
    "https://admin-shell.io/idta/nameplate/3/0/UniqueFacilityIdentifier",
    "",
)


def _parts(model: AssetModel, _of_tags: Sequence[AnySubmodel]) -> list[SubmodelModel]:
    identifier = model.ids.get(ID_SHORT)
    return [SubmodelModel(nameplate(identifier, model.info))] if identifier else []


KINDS = (
    SubmodelKind(
        name=ID_SHORT,
        semantic_id=SEMANTIC_ID,
        place=10,
        parts=_parts,
        describes=True,
        template="Nameplate 3.0",
        stated_by={
            "URIOfTheProduct": "asset.uri",
            "ManufacturerName": "asset.maker",
            "ManufacturerProductDesignation": "asset.model",
            "AddressInformation": "asset.address",
            "OrderCodeOfManufacturer": "asset.order_code",
        },
    ),
)
