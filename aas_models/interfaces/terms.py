"""The names of Asset Interfaces Description and Asset Interfaces Mapping Configuration.

Sources: template files of IDTA 02017-1-1 and 02027-2-0, with blanks at the end of two ids removed.
Most ids in the file of AID 1.1 still end in 1/0; what the file says is written, and any version is
read.
"""

from __future__ import annotations

import re

AID_ID_SHORT = "AssetInterfacesDescription"
AIMC_ID_SHORT = "AssetInterfacesMappingConfiguration"

AID = "https://admin-shell.io/idta/AssetInterfacesDescription/"
AID_SUBMODEL = f"{AID}1/1/Submodel"
AID_TEMPLATE = "02017-1-1"
INTERFACE = f"{AID}1/0/Interface"
ENDPOINT = f"{AID}1/0/EndpointMetadata"
INTERACTION = f"{AID}1/0/InteractionMetadata"
PROPERTY = f"{AID}1/0/PropertyDefinition"
KEY = f"{AID}1/0/key"
MIN_MAX = f"{AID}1/0/minMaxRange"
VALUE_SEMANTICS = f"{AID}1/0/valueSemantics"

AIMC = "https://admin-shell.io/idta/AssetInterfacesMappingConfiguration/"
AIMC_SUBMODEL = f"{AIMC}2/0/Submodel"
AIMC_TEMPLATE = "https://admin-shell.io/IDTA 02027-2-0"
CONFIGURATIONS = f"{AIMC}1/0/MappingConfigurations"
CONFIGURATION = f"{AIMC}2/0/MappingConfiguration"

WOT = "https://www.w3.org/2019/wot/"
TD = f"{WOT}td#"
SEC = f"{WOT}security#"
HM = f"{WOT}hypermedia#"
JS = f"{WOT}json-schema#"
RDF_TYPE = "https://www.w3.org/1999/02/22-rdf-syntax-ns#type"
UNIT_CODE = "https://schema.org/unitCode"

EXTENSION = "https://factory-telemetry.example/smt/AssetInterfaces/1/0/"
"""Begins the semantic ids of our extensions: what a device file says and no template has."""

_VERSION = re.compile(r"/\d+/\d+(?=/|$)")


def same_term(one: str, other: str) -> bool:
    """Tell whether two semantic ids mean the same, whatever version is in them."""
    return _bare(one) == _bare(other)


def _bare(text: str) -> str:
    return _VERSION.sub("", text.strip()).rstrip("/")
