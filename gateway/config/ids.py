"""Global ids of assets, shells and submodels: the same after every installation.

With a domain they are addresses under it; without one, UUIDs made from the business registration
number (or the gateway's id) and the device, so that a re-installed gateway finds its own again.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from aas_models.submodels import describing_names, made_names
from aas_models.submodels.gateway_own import GATEWAY_SUBMODELS
from aas_models.submodels.nameplate import ID_SHORT as NAMEPLATE
from aas_models.submodels.technical import ID_SHORT as TECHNICAL_DATA
from gateway.core.assets import SEMANTIC_BASE

__all__ = [
    "GATEWAY",
    "GATEWAY_SUBMODELS",
    "NAMEPLATE",
    "OPERATIONAL_DATA",
    "RESERVED_SUBMODELS",
    "STATIC_SUBMODELS",
    "TECHNICAL_DATA",
    "Ids",
    "submodel_semantic_id",
]

OPERATIONAL_DATA = "OperationalData"
"""Where the values of a tag go that names no submodel."""
STATIC_SUBMODELS = describing_names()
"""What says what a machine is, whatever it sends."""
RESERVED_SUBMODELS = frozenset(made_names((OPERATIONAL_DATA,)))
"""What the gateway itself fills: no tag may."""
GATEWAY = "gateway"
"""Stands for the device in the ids of the gateway's own AAS; roles keep them apart."""
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, f"{SEMANTIC_BASE}/ids")


def submodel_semantic_id(id_short: str) -> str:
    """Give the semantic id of a submodel of live values."""
    return f"{SEMANTIC_BASE}/{id_short}/1/0"


@dataclass(frozen=True, slots=True)
class Ids:
    """Makes the ids of one device."""

    device: str
    seed: str
    base: str | None = None

    def aas(self) -> str:
        """The id of the shell."""
        return self._id("aas", f"aas/{self.device}")

    def asset(self) -> str:
        """The id of the asset, where its file gives none."""
        return self._id("asset", f"asset/{self.device}")

    def submodel(self, id_short: str) -> str:
        """The id of the submodel with this idShort."""
        return self._id(f"sm/{id_short}", f"sm/{self.device}/{id_short}/1/0")

    def gateway(self, part: str) -> str:
        """Give an id of the gateway's own AAS: `aas`, `asset` or `sm/` and an idShort."""
        path = f"gateway/{part}" + ("/1/0" if part.startswith("sm/") else "")
        return self._id(f"gateway/{part}", path)

    def _id(self, role: str, path: str) -> str:
        if self.base is not None:
            return f"{self.base}/{path}"
        return f"urn:uuid:{uuid.uuid5(_NAMESPACE, f'{self.seed}/{self.device}/{role}')}"
