"""The classes of the AAS metamodel as one table that reading, repairing and writing share.

Source: Specification of the AAS Part 1 (IDTA-01001) 3.1 and Part 3a (IDTA-01003-a) 3.1; members
stand in the order of the XML schema. What 3.0 asks for beyond 3.1 is marked with `?!`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "flag", "enum", "object", "element", "languages"]


@dataclass(frozen=True, slots=True)
class Field:
    """A member of a class."""

    kind: Kind
    of: str = ""
    many: bool = False
    required: bool = False
    required_3_0: bool = False


# member:Type, * = list, ! = required, ?! = required by 3.0 only.
# Types: Name.. are texts (see `metamodel.texts`), =X an enumeration, @Max language strings,
# + a submodel element, anything else a class of this table.
_REFERABLE = (
    "extensions:Extension* category:Name idShort:IdShort displayName:@128 description:@1023"
)
_IDENTIFIABLE = f"{_REFERABLE} administration:AdministrativeInformation id:Identifier!"
_SEMANTICS = "semanticId:Reference supplementalSemanticIds:Reference*"
_SPECIFIED = "embeddedDataSpecifications:EmbeddedDataSpecification*"
_ELEMENT = f"{_REFERABLE} {_SEMANTICS} qualifiers:Qualifier* {_SPECIFIED}"
_RELATION = f"{_ELEMENT} first:Reference?! second:Reference?!"

_ELEMENTS = {
    "AnnotatedRelationshipElement": f"{_RELATION} annotations:+*",
    "BasicEventElement": f"{_ELEMENT} observed:Reference! direction:=Direction! "
    "state:=StateOfEvent! messageTopic:Topic messageBroker:Reference lastUpdate:DateTimeUtc "
    "minInterval:Duration maxInterval:Duration",
    "Blob": f"{_ELEMENT} value:Base64 contentType:ContentType?!",
    "Capability": _ELEMENT,
    "Entity": f"{_ELEMENT} statements:+* entityType:=EntityType?! globalAssetId:Identifier "
    "specificAssetIds:SpecificAssetId*",
    "File": f"{_ELEMENT} value:Path contentType:ContentType?!",
    "MultiLanguageProperty": f"{_ELEMENT} value:@1023 valueId:Reference",
    "Operation": f"{_ELEMENT} inputVariables:OperationVariable* "
    "outputVariables:OperationVariable* inoutputVariables:OperationVariable*",
    "Property": f"{_ELEMENT} valueType:=DataTypeDefXsd! value:Value valueId:Reference",
    "Range": f"{_ELEMENT} valueType:=DataTypeDefXsd! min:Value max:Value",
    "ReferenceElement": f"{_ELEMENT} value:Reference",
    "RelationshipElement": _RELATION,
    "SubmodelElementCollection": f"{_ELEMENT} value:+*",
    "SubmodelElementList": f"{_ELEMENT} orderRelevant:flag semanticIdListElement:Reference "
    "typeValueListElement:=SubmodelElements! valueTypeListElement:=DataTypeDefXsd value:+*",
}

_OTHERS = {
    "Environment": "assetAdministrationShells:AssetAdministrationShell* submodels:Submodel* "
    "conceptDescriptions:ConceptDescription*",
    "AssetAdministrationShell": f"{_IDENTIFIABLE} {_SPECIFIED} derivedFrom:Reference "
    "assetInformation:AssetInformation! submodels:Reference*",
    "Submodel": f"{_IDENTIFIABLE} kind:=ModellingKind {_SEMANTICS} qualifiers:Qualifier* "
    f"{_SPECIFIED} submodelElements:+*",
    "ConceptDescription": f"{_IDENTIFIABLE} {_SPECIFIED} isCaseOf:Reference*",
    "AdministrativeInformation": f"{_SPECIFIED} version:Version revision:Version "
    "creator:Reference templateId:Identifier",
    "AssetInformation": "assetKind:=AssetKind! globalAssetId:Identifier "
    "specificAssetIds:SpecificAssetId* assetType:Identifier defaultThumbnail:Resource",
    "Resource": "path:Path! contentType:ContentType",
    "SpecificAssetId": f"{_SEMANTICS} name:Label! value:Identifier! externalSubjectId:Reference",
    "Extension": f"{_SEMANTICS} name:Name! valueType:=DataTypeDefXsd value:Value "
    "refersTo:Reference*",
    "Qualifier": f"{_SEMANTICS} kind:=QualifierKind type:Name! valueType:=DataTypeDefXsd! "
    "value:Value valueId:Reference",
    "OperationVariable": "value:+!",
    "Reference": "type:=ReferenceTypes! referredSemanticId:Reference keys:Key*!",
    "Key": "type:=KeyTypes! value:Identifier!",
    "EmbeddedDataSpecification": "dataSpecification:Reference! "
    "dataSpecificationContent:DataSpecificationIec61360!",
    "DataSpecificationIec61360": "preferredName:@255! shortName:@18 unit:Text unitId:Reference "
    "sourceOfDefinition:Text symbol:Text dataType:=DataTypeIec61360 definition:@1023 "
    "valueFormat:Text valueList:ValueList value:Value2000 levelType:LevelType",
    "ValueList": "valueReferencePairs:ValueReferencePair*!",
    "ValueReferencePair": "value:Value2000! valueId:Reference?!",
    "LevelType": "min:flag! nom:flag! typ:flag! max:flag!",
}


def _field(text: str) -> Field:
    name = text.rstrip("!?*")
    marks = text[len(name) :]
    kind: Kind = "text"
    if name.startswith("="):
        kind, name = "enum", name[1:]
    elif name.startswith("@"):
        kind, name = "languages", name[1:]
    elif name == "+":
        kind, name = "element", ""
    elif name == "flag":
        kind = "flag"
    elif name in _OTHERS:
        kind = "object"
    required_3_0 = "!" in marks
    return Field(kind, name, "*" in marks, required_3_0 and "?" not in marks, required_3_0)


def _class(text: str) -> dict[str, Field]:
    members = (part.partition(":") for part in text.split())
    return {name: _field(of) for name, _, of in members}


CLASSES = {name: _class(text) for name, text in (_OTHERS | _ELEMENTS).items()}
"""The members of each class by name, in the order of the XML schema."""

ELEMENT_KINDS = frozenset(_ELEMENTS)
"""What can stand in a submodel, as `modelType` says it."""

DATA_ELEMENTS = frozenset(
    ("Property", "MultiLanguageProperty", "Range", "ReferenceElement", "File", "Blob")
)
REFERABLES = ELEMENT_KINDS | {"AssetAdministrationShell", "Submodel", "ConceptDescription"}
IDENTIFIABLES = {
    "assetAdministrationShells": "AssetAdministrationShell",
    "submodels": "Submodel",
    "conceptDescriptions": "ConceptDescription",
}
"""The lists of an environment and the class of their members."""
