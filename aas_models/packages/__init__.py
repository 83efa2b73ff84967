"""Writing of AAS files: deterministic JSON, XML and AASX in metamodel 3.0 and 3.1."""

from aas_models.packages.writing import Format, Metamodel, Written, write_package

__all__ = ["Format", "Metamodel", "Written", "write_package"]
