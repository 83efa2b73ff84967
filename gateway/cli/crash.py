"""How a command ends on an error that nobody foresaw: one sentence, and a file for support."""

from __future__ import annotations

import os
import sys
import time
import traceback
from pathlib import Path
from types import TracebackType

from gateway.cli.options import EXIT_INTERNAL, language
from gateway.core.texts import N_, Texts

SERVICE = "run"
TEXTS = Texts(
    __package__,
    {
        "kept": N_("Internal error: {error}\nPlease send this file with your report:  {path}"),
        "shown": N_("Internal error: {error}"),
    },
)


def end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Tell of the error and end with 5; given to `sys.excepthook`.

    A service's traceback goes to its log as well: its temporary folder may end with its container.
    """
    text = "".join(traceback.format_exception(kind, error, trace))
    path = _kept(text)
    if path is None or SERVICE in sys.argv[1:2]:
        sys.stderr.write(text)
    said = TEXTS[language(None)]["shown" if path is None else "kept"]
    sys.stderr.write(said.format(error=f"{kind.__name__}: {error}", path=path) + "\n")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(EXIT_INTERNAL)  # the interpreter would end with 1, which says "not healthy"


def _kept(text: str) -> Path | None:
    import tempfile
    from importlib.metadata import PackageNotFoundError, version

    try:
        product = version("factory-telemetry-gateway")
    except PackageNotFoundError:
        product = "unknown"
    head = f"gateway {product}   python {sys.version}   {sys.platform}\n{sys.argv[1:]}\n\n"
    name = f"gateway-error-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
    try:
        path = Path(tempfile.gettempdir()) / name
        path.write_text(head + text, encoding="utf-8")
    except OSError:
        return None
    return path
