"""An AASX as configuration: what it would change, and making it so."""
