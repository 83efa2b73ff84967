"""Addresses as Asset Interfaces Descriptions write them: hrefs of node ids and of topics.

Source: IDTA 02017-1-1, OPC UA and MQTT bindings: `/?id=<NodeId>` with `#` and `&` percent-encoded;
a topic below the base with `#` as %23 and `.//x` for one that begins with a slash.
"""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

NODE = "/?id="
_ENCODED = {"%": "%25", "#": "%23", "&": "%26", " ": "%20"}
_TOPIC_ENCODED = {"%": "%25", "#": "%23", "?": "%3F", " ": "%20"}
_ID = re.compile(r"[?&]\s*id\s*=\s*([^&]*)")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_PLAIN_STEP = re.compile(r"\.([^.\[\]'\"\s][^.\[\]]*)|\['([^']*)'\]|\[\"([^\"]*)\"\]")
_PLAIN_NAME = re.compile(r"[^.\[\]'\"\s][^.\[\]]*")


def node_href(address: str) -> str:
    """Give the href of a node address; a browse path has none of its own."""
    if address.startswith("/"):
        return "/"
    return NODE + "".join(_ENCODED.get(char, char) for char in address)


def node_of(href: str) -> str | None:
    """Give the node address in an href, None where there is none."""
    found = _ID.search(href)
    return unquote(found[1]).strip() or None if found else None


def topic_href(topic: str) -> str:
    """Give the href of a topic or topic filter."""
    encoded = "".join(_TOPIC_ENCODED.get(char, char) for char in topic)
    return f"./{encoded}" if encoded.startswith("//") else _below(encoded)


def _below(topic: str) -> str:
    return f"./{topic}" if topic.startswith("/") else f"/{topic}"


def topic_of(href: str) -> str:
    """Give the topic in an href, relative or absolute; empty where there is none."""
    rest = href.strip()
    if absolute := _SCHEME.match(rest):
        rest = rest[absolute.end() :]
        rest = rest[rest.find("/") :] if "/" in rest else ""
    if rest.startswith("./"):
        return unquote(rest[2:] if rest.startswith(".//") else rest[1:]).lstrip() or ""
    return unquote(rest.removeprefix("/"))


def other_base(href: str, base: str) -> str | None:
    """Give the base of an absolute href where it is not this one."""
    if not _SCHEME.match(href.strip()):
        return None
    try:
        given, known = urlsplit(href.strip()), urlsplit(base)
    except ValueError:  # brackets that hold no IPv6 address
        return href.strip()
    if (given.scheme, given.netloc) == (known.scheme, known.netloc):
        return None
    return f"{given.scheme}://{given.netloc}"


def keys_of_path(path: str) -> tuple[str, ...] | None:
    """Give the member names of `$.a['b']`; None where a path does more than to name members."""
    keys: list[str] = []
    place = 1
    while place < len(path):
        step = _PLAIN_STEP.match(path, place)
        if step is None:
            return None
        keys.append(next(part for part in step.groups() if part is not None))
        place = step.end()
    return tuple(keys) if all(keys) and path_of_keys(keys) == path else None


def path_of_keys(keys: list[str] | tuple[str, ...]) -> str:
    """Give the path of member names, plainly written."""
    return "$" + "".join(_step(key) for key in keys)


def _step(key: str) -> str:
    if _PLAIN_NAME.fullmatch(key):
        return f".{key}"
    return f"['{key}']" if "'" not in key else f'["{key}"]'
