"""The product's version, from the installed package."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, metadata

NAME = "factory-telemetry-gateway"


def version() -> str:
    """Give the version, `unknown` when run from a tree that is not installed."""
    try:
        return metadata(NAME)["Version"]
    except PackageNotFoundError:
        return "unknown"
