"""The enumerations of the AAS metamodel (Part 1, 3.1)."""

from __future__ import annotations

from typing import Final

_ELEMENTS = (
    "AnnotatedRelationshipElement BasicEventElement Blob Capability DataElement Entity EventElement"
    " File MultiLanguageProperty Operation Property Range ReferenceElement RelationshipElement"
    " SubmodelElement SubmodelElementList SubmodelElementCollection"
)
_XSD = (
    "anyURI base64Binary boolean byte date dateTime decimal double duration float gDay gMonth"
    " gMonthDay gYear gYearMonth hexBinary int integer long negativeInteger nonNegativeInteger"
    " nonPositiveInteger positiveInteger short string time unsignedByte unsignedInt unsignedLong"
    " unsignedShort"
)
_IEC = (
    "DATE STRING STRING_TRANSLATABLE INTEGER_MEASURE INTEGER_COUNT INTEGER_CURRENCY REAL_MEASURE"
    " REAL_COUNT REAL_CURRENCY BOOLEAN IRI IRDI RATIONAL RATIONAL_MEASURE TIME TIMESTAMP FILE HTML"
    " BLOB"
)

ENUMS: Final = {
    "AssetKind": ("Type", "Instance", "Role", "NotApplicable"),
    "DataTypeDefXsd": tuple(f"xs:{name}" for name in _XSD.split()),
    "DataTypeIec61360": tuple(_IEC.split()),
    "Direction": ("input", "output"),
    "EntityType": ("CoManagedEntity", "SelfManagedEntity"),
    "KeyTypes": (
        *_ELEMENTS.split(),
        *("AssetAdministrationShell", "ConceptDescription", "Identifiable", "Submodel"),
        *("FragmentReference", "GlobalReference", "Referable"),
    ),
    "ModellingKind": ("Template", "Instance"),
    "QualifierKind": ("ValueQualifier", "ConceptQualifier", "TemplateQualifier"),
    "ReferenceTypes": ("ExternalReference", "ModelReference"),
    "StateOfEvent": ("on", "off"),
    "SubmodelElements": tuple(_ELEMENTS.split()),
}

ONLY_SINCE_3_1: Final = {("AssetKind", "Role"): "NotApplicable"}
"""Values that 3.0 does not know, and what stands for them there."""

FOLDED: Final = {
    name: {value.casefold(): value for value in values} for name, values in ENUMS.items()
}
"""Each enumeration by its values without upper and lower case."""

MEANT: Final = {
    "AssetKind": {"template": "Type"},
    "Direction": {"in": "input", "out": "output"},
    "EntityType": {"comanaged": "CoManagedEntity", "selfmanaged": "SelfManagedEntity"},
    "KeyTypes": {
        "asset": "GlobalReference",
        "assetadministrationshellenvironment": "GlobalReference",
        "basicevent": "BasicEventElement",
        "event": "EventElement",
        "conceptdictionary": "Referable",
        "view": "Referable",
        "operationvariable": "SubmodelElement",
        "accesspermissionrule": "Referable",
        "aas": "AssetAdministrationShell",
    },
    "ReferenceTypes": {
        "globalreference": "ExternalReference",
        "external": "ExternalReference",
        "model": "ModelReference",
    },
    "StateOfEvent": {"true": "on", "false": "off", "1": "on", "0": "off"},
    "SubmodelElements": {"event": "EventElement", "basicevent": "BasicEventElement"},
    "DataTypeDefXsd": {
        "langstring": "xs:string",
        "anysimpletype": "xs:string",
        "str": "xs:string",
        "text": "xs:string",
        "bool": "xs:boolean",
        "real": "xs:double",
        "number": "xs:double",
        "datetimestamp": "xs:dateTime",
        "yearmonthduration": "xs:duration",
        "daytimeduration": "xs:duration",
        "uint": "xs:unsignedInt",
        "ulong": "xs:unsignedLong",
        "int32": "xs:int",
        "int16": "xs:short",
        "int64": "xs:long",
        "uri": "xs:anyURI",
        "complexreference": "xs:anyURI",
    },
    "DataTypeIec61360": {
        "url": "IRI",
        "uri": "IRI",
        "int": "INTEGER_COUNT",
        "integer": "INTEGER_COUNT",
        "real": "REAL_COUNT",
        "float": "REAL_COUNT",
        "double": "REAL_COUNT",
        "bool": "BOOLEAN",
    },
    "ModellingKind": {"type": "Template"},
    "QualifierKind": {},
}
"""Old and foreign names in lower case, and what they mean."""


def meant(enum: str, text: str) -> str | None:
    """Give the value of an enumeration that a text means; None when nothing is like it."""
    folded = text.strip().casefold()
    if enum == "DataTypeDefXsd":
        folded = folded.removeprefix("xsd:").removeprefix("xs:").removeprefix("rdf:")
        known = FOLDED[enum].get(f"xs:{folded}")
    else:
        known = FOLDED[enum].get(folded) or FOLDED[enum].get(folded.replace(" ", "_"))
    return known or MEANT.get(enum, {}).get(folded)
