"""Central platforms over HTTP(S). Source: platform interface, version 1."""
