"""Security of an interface in an Asset Interfaces Description: the names of schemes, no secret."""

from __future__ import annotations

from collections.abc import Sequence

from aas_models.elements import Json, collection, element
from aas_models.interfaces.parts import collections_to, listing, path_reference, typed
from aas_models.interfaces.terms import SEC, TD, UA
from gateway.core.interfaces import Security

NOSEC = Security("nosec")
CHANNEL, AUTHENTICATION = "ua_channelsec", "ua_authentication"
SCHEMES = {
    "nosec": ("nosec_sc", f"{SEC}NoSecurityScheme"),
    "auto": ("auto_sc", f"{SEC}AutoSecurityScheme"),
    "basic": ("basic_sc", f"{SEC}BasicSecurityScheme"),
    CHANNEL: ("opcua_channel_sc", f"{UA}OPCUASecurityChannelScheme"),
    AUTHENTICATION: ("opcua_authentication_sc", f"{UA}OPCUASecurityAuthenticationScheme"),
}
"""Each scheme that we write: idShort and semantic id of its definition. Source: IDTA 02017-1-1."""


def security_definitions(schemes: Sequence[Security]) -> Json:
    """Make `securityDefinitions`."""
    made = [_definition(scheme) for scheme in schemes or (NOSEC,)]
    return collection("securityDefinitions", made, f"{TD}definesSecurityScheme")


def _definition(security: Security) -> Json:
    id_short, semantic_id = SCHEMES[security.scheme]
    parts = [typed("scheme", security.scheme, f"{SEC}SecurityScheme")]
    if security.scheme == CHANNEL:
        parts.append(typed("uav_securityMode", security.mode, f"{UA}securityMode"))
        parts.append(typed("uav_securityPolicy", security.policy, f"{UA}securityPolicy"))
    if security.scheme == AUTHENTICATION:
        parts.append(typed("uav_userIdentityToken", security.token, f"{UA}userIdentityToken"))
    return collection(id_short, parts, semantic_id)


def security_list(submodel: str, interface: str, schemes: Sequence[Security]) -> Json:
    """Make `security`: references to the definitions that are in force."""
    term = f"{TD}hasSecurityConfiguration"
    references = [
        element(
            "ReferenceElement",
            None,
            semantic_id=term,
            value=path_reference(
                submodel,
                collections_to(
                    interface, "EndpointMetadata", "securityDefinitions", SCHEMES[one.scheme][0]
                ),
            ),
        )
        for one in schemes or (NOSEC,)
    ]
    return listing("security", term, term, "ReferenceElement", references)
