"""Which members each kind of the metamodel has. Source: IDTA-01001 (Part 1) 3.1, chapter 5."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


KNOWN = _words(
    "modelType idShort displayName description category extensions embeddedDataSpecifications"
)
"""Members that every kind may have."""
_ELEMENT = _words("semanticId supplementalSemanticIds qualifiers")

IDENTIFIABLES = {
    "AssetAdministrationShell": _words("id administration derivedFrom assetInformation submodels"),
    "Submodel": _words("id administration kind submodelElements") | _ELEMENT,
    "ConceptDescription": _words("id administration isCaseOf"),
}
_OWN = {
    "Property": "valueType value valueId",
    "MultiLanguageProperty": "value valueId",
    "Range": "valueType min max",
    "File": "contentType value",
    "Blob": "contentType value",
    "ReferenceElement": "value",
    "RelationshipElement": "first second",
    "AnnotatedRelationshipElement": "first second annotations",
    "Entity": "statements entityType globalAssetId specificAssetIds",
    "BasicEventElement": "observed direction state messageTopic messageBroker lastUpdate "
    "minInterval maxInterval",
    "Operation": "inputVariables outputVariables inoutputVariables",
    "Capability": "",
    "SubmodelElementCollection": "value",
    "SubmodelElementList": "value orderRelevant semanticIdListElement typeValueListElement "
    "valueTypeListElement",
}
ELEMENTS = {kind: _words(own) | _ELEMENT for kind, own in _OWN.items()}
CHILDREN = {
    "SubmodelElementCollection": "value",
    "SubmodelElementList": "value",
    "Entity": "statements",
    "AnnotatedRelationshipElement": "annotations",
}
REQUIRED = {
    "AssetAdministrationShell": ("assetInformation",),
    "Property": ("valueType",),
    "Range": ("valueType",),
    "Blob": ("contentType",),
    "RelationshipElement": ("first", "second"),
    "AnnotatedRelationshipElement": ("first", "second"),
    "BasicEventElement": ("observed", "direction", "state"),
    "SubmodelElementList": ("typeValueListElement",),
}
REFERENCES = _words(
    "semanticId semanticIdListElement valueId first second observed messageBroker derivedFrom"
)
"""Members that are a Reference."""
LISTS = {
    "supplementalSemanticIds": "reference",
    "isCaseOf": "reference",
    "embeddedDataSpecifications": "dataSpecification",
    "qualifiers": "",
    "extensions": "",
    "specificAssetIds": "",
}
"""Members that are lists of objects, and what in each of them is a Reference."""
LANG_STRINGS = _words("displayName description")
PLAIN = _words(
    "category contentType globalAssetId assetType messageTopic lastUpdate minInterval maxInterval"
)
"""Members that are a text."""
ABSTRACT = {
    "SubmodelElement": frozenset(ELEMENTS),
    "EventElement": _words("BasicEventElement"),
    "DataElement": _words("Property MultiLanguageProperty Range File Blob ReferenceElement"),
}
"""Abstract kinds that a list may name, and what they stand for."""
VALUE_TYPES = frozenset(
    f"xs:{name}"
    for name in _words(
        "anyURI base64Binary boolean byte date dateTime decimal double duration float gDay gMonth "
        "gMonthDay gYear gYearMonth hexBinary int integer long negativeInteger nonNegativeInteger "
        "nonPositiveInteger positiveInteger short string time unsignedByte unsignedInt "
        "unsignedLong unsignedShort"
    )
)
WORDS = {
    "valueType": VALUE_TYPES,
    "valueTypeListElement": VALUE_TYPES,
    "kind": _words("Instance Template"),
    "entityType": _words("CoManagedEntity SelfManagedEntity"),
    "direction": _words("input output"),
    "state": _words("on off"),
    "assetKind": _words("Instance Type NotApplicable Role Batch"),
    "typeValueListElement": frozenset(ELEMENTS)
    | _words("SubmodelElement DataElement EventElement"),
}
"""Members whose values are words of a list."""
