"""Files that generated submodels point to, made when somebody asks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aas_models.submodels.production_calendar import calendar_files
from gateway.core.assets import AssetModel
from gateway.core.files import NamedFile


def made_files(models: Sequence[AssetModel]) -> Mapping[str, NamedFile]:
    """Give the files of devices by the value of the File element that names each."""
    made: dict[str, NamedFile] = {}
    for model in models:
        if model.oee is None:
            continue
        for path, (content_type, data) in calendar_files(model.info.device, model.oee).items():
            made[path] = NamedFile(content_type, path.rpartition("/")[2], data)
    return made
