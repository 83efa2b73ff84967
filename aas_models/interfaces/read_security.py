"""Which security schemes an Asset Interfaces Description says are in force."""

from __future__ import annotations

from aas_models.elements import Json
from aas_models.interfaces.aid_security import AUTHENTICATION, CHANNEL
from aas_models.interfaces.walk import child, children, target_of, text, text_of
from gateway.core.interfaces import Security


def read_security(endpoint: Json | None) -> tuple[Security, ...]:
    """Read the schemes that `security` names; all that are defined where it names none."""
    definitions = {
        str(each.get("idShort", "")): each
        for each in children(child(endpoint, "securityDefinitions"))
    }
    named = [_named(each) for each in children(child(endpoint, "security"))]
    chosen = [definitions[name] for name in named if name in definitions]
    if not chosen and len(definitions) == 1:
        chosen = list(definitions.values())
    return tuple(dict.fromkeys(_scheme(each) for each in chosen))


def _named(member: Json) -> str:
    if member["modelType"] == "ReferenceElement":
        target = target_of(member.get("value"))
        return target.path[-1] if target and target.path else ""
    return text(member)


def _scheme(definition: Json) -> Security:
    id_short = str(definition.get("idShort", "")).removesuffix("_sc")
    otherwise = {"opcua_channel": CHANNEL, "opcua_authentication": AUTHENTICATION}
    scheme = text_of(definition, "scheme") or otherwise.get(id_short, id_short)
    return Security(
        scheme,
        mode=text_of(definition, "uav_securityMode") or None,
        policy=text_of(definition, "uav_securityPolicy").rpartition("#")[2] or None,
        token=text_of(definition, "uav_userIdentityToken") or None,
    )
