"""Device files as text, and new keys beside those that an existing file keeps."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import yaml

from gateway.config.interface import KEPT_HERE
from gateway.config.yaml_reader import plain
from gateway.core.config import Referenced

WIDTH = 4000
"""One line for each tag, however long."""
HEAD_LINES_MAX = 20
STRING = "tag:yaml.org,2002:str"


class _Writer(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]  # one of two bases, chosen at run time
    """Writes references as references, never what they stand for."""

    def ignore_aliases(self, _: Any) -> bool:
        return True


def _reference(writer: Any, value: Referenced) -> Any:
    return writer.represent_scalar(f"!{value.kind}", value.name)


def _text(writer: Any, value: str) -> Any:
    """Quote what our reader, which keeps to YAML 1.2, would take for a number: `0E0`."""
    style = None if isinstance(plain(value), str) else "'"
    return writer.represent_scalar(STRING, value, style=style)


_Writer.add_representer(Referenced, _reference)
_Writer.add_representer(str, _text)


def yaml_text(keys: Mapping[str, Any], head: str = "") -> str:
    """Write a device file: one line for each key, one for each tag."""
    parts = [head] if head else []
    for key, value in keys.items():
        if key == "tags" and value:
            parts.append("tags:\n")
            parts += [f"  - {_flow(tag)}\n" for tag in value]
        else:
            parts.append(f"{key}: {_flow(value)}\n")
    return "".join(parts)


def _flow(value: Any) -> str:
    text: str = yaml.dump(
        value,
        Dumper=_Writer,
        default_flow_style=True,
        allow_unicode=True,
        sort_keys=False,
        width=WIDTH,
    )
    return text.removesuffix("\n").removesuffix("\n...")


def merged(
    new: Mapping[str, Any],
    old: Mapping[str, Any] | None,
    *,
    own: bool,
    kept: Collection[str] = (),
) -> dict[str, Any]:
    """Give the new keys together with what an existing file keeps.

    Args:
        old: the existing file's keys.
        own: the new keys are all there is to say, apart from what belongs to this machine.
        kept: keys of this machine that go with the new connection.
    """
    if old is None:
        return dict(new)
    if own:
        made = {key: old[key] if _stays(key, new, old) else value for key, value in new.items()}
        made |= {key: old[key] for key in (*sorted(kept), "aasx") if key in old}
    else:
        made = {**{key: value for key, value in old.items() if key != "tags"}, **new}
        made |= {key: old[key] for key in KEPT_HERE if key in old and key != "aasx"}
        made["tags"] = _tags(new, old)
    tags = made.pop("tags", [])
    return {**made, "tags": tags}


def _stays(key: str, new: Mapping[str, Any], old: Mapping[str, Any]) -> bool:
    return key == "login" and key in old and key in new


def _tags(new: Mapping[str, Any], old: Mapping[str, Any]) -> list[Any]:
    before = {tag["name"]: tag for tag in old.get("tags") or () if isinstance(tag, dict)}
    return [_tag(tag, before.get(tag["name"], {})) for tag in new["tags"]]


def _tag(new: Mapping[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
    made = {**old, **new}
    if "values" in old:  # its type is that of the texts
        made.pop("type", None)
    if new.get("text"):
        made.pop("json", None)
    return made


def head_of(text: str) -> str:
    """Give the comments at the beginning of a file."""
    head = []
    for line in text.splitlines()[:HEAD_LINES_MAX]:
        if not line.startswith("#"):
            break
        head.append(f"{line}\n")
    return "".join(head)
