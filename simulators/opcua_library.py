"""asyncua's type module, untyped: its own annotations do not follow its re-exports."""

from __future__ import annotations

from typing import Any

import asyncua
from asyncua.server import server

ua: Any = vars(asyncua)["ua"]
Server: Any = server.Server
