"""`gateway version`: what is running here, for a question to support."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed

import typer

from gateway.cli.answers import print_json
from gateway.cli.options import AsJson, Lang, language
from gateway.cli.screen import table
from gateway.core.texts import N_, Texts

LIBRARIES = (
    "apsw", "numpy", "orjson", "pydantic", "starlette", "uvicorn", "cryptography", "typer",
)  # fmt: skip
"""Those that every gateway has; each kind of adapter names its own."""
TEXTS = Texts(
    __package__,
    {
        "absent": N_("not installed"),
        "system": N_("system"),
    },
)


def version(as_json: AsJson = False, lang: Lang = None) -> None:
    """Print the versions of the gateway, Python and the libraries that matter."""
    from gateway.app.kinds import ADAPTERS
    from gateway.app.version import version as product

    own = [name for kind in ADAPTERS for name in kind.libraries]
    libraries = {name: _installed(name) for name in (*own, *LIBRARIES)}
    if as_json:
        print_json(
            {
                "gateway": product(),
                "python": platform.python_version(),
                "system": platform.platform(),
                "libraries": libraries,
            }
        )
        return
    texts = TEXTS[language(lang)]
    rows = [("python", platform.python_version()), (texts["system"], platform.platform())]
    rows += [(name, found or texts["absent"]) for name, found in libraries.items()]
    typer.echo("\n".join(table(("gateway", product()), rows)))


def _installed(name: str) -> str | None:
    try:
        return installed(name)
    except PackageNotFoundError:
        return None
