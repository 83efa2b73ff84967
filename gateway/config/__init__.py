"""Reads the configuration folder: positions, findings, models, cross checks, the plan."""

from gateway.config.findings import ConfigError, Finding, Severity

__all__ = ["ConfigError", "Finding", "Severity"]
