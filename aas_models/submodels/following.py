"""Which submodels of a device are made from its values while it runs."""

from __future__ import annotations

from aas_models.submodels import kpis, time_series

FOLLOWING = frozenset({time_series.ID_SHORT, kpis.VARIABLES, kpis.OEE})
"""Their elements come and go: an export takes them whole from the running service."""
