"""What an intake has to know after a restart: one small file, replaced in one step."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gateway.ops.events import usage_intakes as events

FORMAT = 1


class StateFile:
    """A JSON file in the data folder; blocking.

    It is written only after the ledger has what it is about, so an older one only means reading
    again what the ledger then knows.
    """

    def __init__(self, path: Path, intake: str) -> None:
        self._path = path
        self._intake = intake
        self._last = b""

    def load(self) -> dict[str, Any]:
        """Give what was kept; empty when new. A damaged file is set aside.

        Raises:
            OSError: the file is there and cannot be read.
        """
        try:
            kept = json.loads(self._path.read_bytes())
            if isinstance(kept, dict) and kept.get("format") == FORMAT:
                return kept
        except FileNotFoundError:
            return {}
        except ValueError:
            pass
        self._path.replace(self._path.with_suffix(".damaged"))
        events.state_set_aside(self._intake, self._path.name)
        return {}

    def save(self, kept: Mapping[str, Any]) -> None:
        """Replace the file durably; does nothing when nothing changed.

        Raises:
            OSError: the disk refused; the file is as it was.
        """
        data = json.dumps({"format": FORMAT, **kept}, ensure_ascii=False).encode()
        if data == self._last:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        self._last = data
