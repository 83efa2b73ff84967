"""Security of an interface in an Asset Interfaces Description: the names of schemes, no secret."""

from __future__ import annotations

from collections.abc import Iterator

from aas_models.elements import Json, collection, element
from aas_models.interfaces.parts import collections_to, listing, path_reference, typed, words
from aas_models.interfaces.terms import SEC, TD
from gateway.core.interfaces import Binding, Interface, SchemeWords, Security
from gateway.core.romanise import ascii_name

NOSEC = Security("nosec")
SCHEMES = {
    "nosec": SchemeWords("nosec_sc", f"{SEC}NoSecurityScheme"),
    "auto": SchemeWords("auto_sc", f"{SEC}AutoSecurityScheme"),
    "basic": SchemeWords("basic_sc", f"{SEC}BasicSecurityScheme"),
    "digest": SchemeWords("digest_sc", f"{SEC}DigestSecurityScheme"),
    "apikey": SchemeWords("apikey_sc", f"{SEC}APIKeySecurityScheme"),
    "bearer": SchemeWords("bearer_sc", f"{SEC}BearerSecurityScheme"),
    "psk": SchemeWords("psk_sc", f"{SEC}PSKSecurityScheme"),
}
"""Schemes of every protocol. Source: IDTA 02017-1-1; W3C WoT Thing Description 1.1, 5.3.3."""


def scheme_words(binding: Binding, scheme: str) -> SchemeWords:
    """Say how a scheme is defined; one that nobody knows is a scheme, and no more is said."""
    known = binding.security.get(scheme) or SCHEMES.get(scheme)
    return known or SchemeWords(f"{ascii_name(scheme)}_sc", f"{SEC}SecurityScheme")


def security_definitions(interface: Interface) -> Json:
    """Make `securityDefinitions`."""
    made = [_definition(interface.binding, one) for one in _in_force(interface)]
    return collection("securityDefinitions", made, f"{TD}definesSecurityScheme")


def _in_force(interface: Interface) -> tuple[Security, ...]:
    return interface.link.security or (NOSEC,)


def _definition(binding: Binding, security: Security) -> Json:
    known = scheme_words(binding, security.scheme)
    parts = [typed("scheme", security.scheme, f"{SEC}SecurityScheme")]
    return collection(known.id_short, [*parts, *words(security.terms, known.words)], known.meaning)


def security_list(submodel: str, interface: Interface) -> Json:
    """Make `security`: references to the definitions that are in force."""
    term = f"{TD}hasSecurityConfiguration"
    references = [
        element("ReferenceElement", None, semantic_id=term, value=path_reference(submodel, steps))
        for steps in _places(interface)
    ]
    return listing("security", term, term, "ReferenceElement", references)


def _places(interface: Interface) -> Iterator[list[tuple[str, str]]]:
    binding = interface.binding
    for one in _in_force(interface):
        name = scheme_words(binding, one.scheme).id_short
        yield collections_to(binding.id_short, "EndpointMetadata", "securityDefinitions", name)
