"""Small AAS files in every shape, and where the reference files are."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[4]
REFERENCE = Path(os.environ.get("GATEWAY_REFERENCE_DATA", ROOT.parent / "shared" / "reference"))
V3 = "https://admin-shell.io/aas/3/0"


def environment_xml(body: str, namespace: str = V3) -> bytes:
    return f'<?xml version="1.0"?><environment xmlns="{namespace}">{body}</environment>'.encode()


def submodel_xml(elements: str, namespace: str = V3, more: str = "") -> bytes:
    return environment_xml(
        f"<submodels><submodel><idShort>Main</idShort><id>urn:x:sm</id>{more}"
        f"<submodelElements>{elements}</submodelElements></submodel></submodels>",
        namespace,
    )


def submodel(*elements: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "modelType": "Submodel",
        "id": "urn:x:sm",
        "idShort": "Main",
        "submodelElements": list(elements),
        **more,
    }


def prop(id_short: str = "Speed", **more: Any) -> dict[str, Any]:
    return {"modelType": "Property", "idShort": id_short, "valueType": "xs:string", **more}


def relationships(*pairs: tuple[str, str], mode: str = "") -> str:
    lines = "".join(
        f'<Relationship Type="{kind}" Target="{target}" Id="r{number}"{mode}/>'
        for number, (kind, target) in enumerate(pairs)
    )
    uri = "http://schemas.openxmlformats.org/package/2006/relationships"
    return f'<Relationships xmlns="{uri}">{lines}</Relationships>'


def zipped(parts: Mapping[str, bytes | str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return out.getvalue()


def aasx(
    model: bytes,
    host: str = "http://admin-shell.io",
    model_name: str = "/aasx/data.xml",
    more: Mapping[str, bytes | str] | None = None,
    mode: str = "",
) -> bytes:
    kind = f"{host}/aasx/relationships"
    return zipped(
        {
            "[Content_Types].xml": "<Types xmlns="
            '"http://schemas.openxmlformats.org/package/2006/content-types"/>',
            "_rels/.rels": relationships((f"{kind}/aasx-origin", "/aasx/aasx-origin"), mode=mode),
            "aasx/aasx-origin": "",
            "aasx/_rels/aasx-origin.rels": relationships(
                (f"{kind}/aas-spec", model_name), mode=mode
            ),
            model_name.lstrip("/"): model,
            **(more or {}),
        }
    )
