"""Resolves `!secret`, `!env` and `!file` while a file is read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from yaml.nodes import ScalarNode

from gateway.config.findings import Span
from gateway.config.secrets import NAME, Secrets, SecretsError
from gateway.config.yaml_reader import Document, span_of
from gateway.core.config import Referenced

FILE_BYTES_MAX = 64 * 1024


class References:
    """Gives the text behind each reference; what is missing becomes a finding."""

    def __init__(self, folder: Path, data: Path, environ: Mapping[str, str]) -> None:
        self._folder = folder
        self._environ = environ
        self._secrets = Secrets(data, environ)
        self.files: list[Path] = []
        """Every file that was pointed at."""

    def resolve(self, document: Document, kind: str, node: ScalarNode) -> Referenced:
        """Give what a reference stands for, an empty text where it is missing."""
        span = span_of(node, document.lines)
        name = node.value.strip()
        match kind:
            case "secret":
                return self._secret(document, name, span)
            case "env":
                return self._env(document, name, span)
            case _:
                return self._file(document, name, span)

    def _secret(self, document: Document, name: str, span: Span) -> Referenced:
        text, reason = None, ""
        if NAME.fullmatch(name):
            try:
                text = self._secrets.find(name)
            except SecretsError as error:
                reason = str(error)
        if text is None and reason:
            self._missing(document, "E1310", span, name=name, reason=reason)
        elif text is None:
            self._missing(document, "E1302", span, name=name)
        return Referenced(text or "", "secret", name)

    def _env(self, document: Document, name: str, span: Span) -> Referenced:
        text = self._environ.get(name)
        if text is None:
            self._missing(document, "E1303", span, name=name)
        return Referenced(text or "", "env", name)

    def _file(self, document: Document, name: str, span: Span) -> Referenced:
        path = self._folder / name
        self.files.append(path)
        try:
            with path.open("rb") as file:
                text = file.read(FILE_BYTES_MAX).decode("utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError):
            self._missing(document, "E1304", span, path=name)
            text = ""
        return Referenced(text, "file", name, path)

    @staticmethod
    def _missing(document: Document, code: str, span: Span, **facts: object) -> None:
        document.broken = True
        document.add_at(code, span, **facts)
