"""Which security schemes an Asset Interfaces Description says are in force."""

from __future__ import annotations

from aas_models.elements import Json
from aas_models.interfaces.walk import (
    child,
    children,
    said_words,
    target_of,
    text,
    text_of,
)
from gateway.core.interfaces import Binding, Security


def read_security(endpoint: Json | None, binding: Binding) -> tuple[Security, ...]:
    """Read the schemes that `security` names; all that are defined where it names none."""
    definitions = {
        str(each.get("idShort", "")): each
        for each in children(child(endpoint, "securityDefinitions"))
    }
    named = [_named(each) for each in children(child(endpoint, "security"))]
    chosen = [definitions[name] for name in named if name in definitions]
    if not chosen and len(definitions) == 1:
        chosen = list(definitions.values())
    return tuple(dict.fromkeys(_scheme(each, binding) for each in chosen))


def _named(member: Json) -> str:
    if member["modelType"] == "ReferenceElement":
        target = target_of(member.get("value"))
        return target.path[-1] if target and target.path else ""
    return text(member)


def _scheme(definition: Json, binding: Binding) -> Security:
    """Read a definition; without `scheme` its idShort tells which it is."""
    id_short = str(definition.get("idShort", ""))
    own = {known.id_short: scheme for scheme, known in binding.security.items()}
    scheme = text_of(definition, "scheme") or own.get(id_short, id_short.removesuffix("_sc"))
    words = [word for known in binding.security.values() for word in known.words]
    return Security(scheme, said_words(definition, words))
