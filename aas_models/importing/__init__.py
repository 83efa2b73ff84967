"""Tolerant reading of AAS files: any metamodel in, metamodel 3.1 out, with a report."""

from aas_models.importing.counts import element_counts
from aas_models.importing.reading import read_package, read_path
from aas_models.importing.report import File, Imported, Repair, say

__all__ = ["File", "Imported", "Repair", "element_counts", "read_package", "read_path", "say"]
