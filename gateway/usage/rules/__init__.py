"""What the log service's codes mean and what is done about them: data, read from TOML."""
