"""`gateway demo`: a plant on this PC, faults at the press of a key, and the count after each."""

from __future__ import annotations

import contextlib
import signal
import sys
import tempfile
from collections.abc import Callable, Coroutine, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.answers import fail, hint
from gateway.cli.options import EXIT_UNHEALTHY, EXIT_UNREACHABLE, Lang, language
from gateway.cli.screen import width
from gateway.core.texts import N_, Language, Texts

if TYPE_CHECKING:
    import asyncio

    from rich.console import RenderableType

    from gateway.demo.reconciliation import Result
    from gateway.demo.run import Event, Show

EXIT_STOPPED = 143
VALUES_EACH = 4
KEYS_MAX = 16
"""Key presses that wait while a fault runs; more are dropped."""
REFRESH_HZ = 4
UNATTENDED = "60s"
"""So long where nobody can press a key: `make demo` in a build or over ssh without a terminal."""

TEXTS = Texts(
    __package__,
    {
        "title": N_("Factory telemetry gateway - demo"),
        "keys": N_("1 cut the platform   2 restart the PLC   3 kill the gateway   q quit"),
        "starting": N_("Starting machines, broker, platform and gateway ..."),
        "device": N_("Device"),
        "values": N_("Latest values at the platform"),
        "platform": N_("platform cut off"),
        "plc": N_("PLC restarted, namespaces moved"),
        "gateway": N_("gateway killed (kill -9) and started again"),
        "end": N_("machines stopped, everything drained"),
        "busy": N_("under way ..."),
        "said": N_("said"),
        "arrived": N_("arrived"),
        "way": N_("on the way"),
        "lost": N_("lost values"),
        "double": N_("duplicated"),
        "wrong": N_("wrong"),
        "gaps": N_("in declared gaps"),
        "first": N_("first value after"),
        "tree": N_("AAS with live values:"),
        "time": N_("--for takes a time such as 60s or 5m."),
        "no-terminal": N_(
            "There is no terminal: it runs {time} by itself, with every fault once. "
            "Another time:  gateway demo --for 5m"
        ),
    },
)


def demo(
    for_: Annotated[
        str | None,
        typer.Option("--for", help="Run unattended for this long; 60s without a terminal."),
    ] = None,
    lang: Lang = None,
    seed: Annotated[int, typer.Option(help="Seed of the machines.")] = 1,
    keep: Annotated[Path | None, typer.Option(help="Keep everything in this folder.")] = None,
    *,
    json: Annotated[bool, typer.Option("--json", help="The comparison as the last line.")] = False,
) -> None:
    """Show that nothing is lost: machines, broker, platform and gateway on this PC alone."""
    import asyncio

    from gateway.core.config import seconds_from_text
    from gateway.demo.plant import DemoError

    tongue = language(lang)
    try:
        seconds = None if for_ is None else seconds_from_text(for_)
    except ValueError:
        fail(TEXTS[tongue]["time"])
    if seconds is None and not sys.stdin.isatty():
        seconds = seconds_from_text(UNATTENDED)
        hint(TEXTS[tongue]["no-terminal"].format(time=UNATTENDED))
    with _folder(keep) as folder:
        try:
            result = asyncio.run(_until_stopped(_run(folder, seed, seconds, tongue, as_json=json)))
        except DemoError as error:
            typer.echo(f"gateway demo: {error}", err=True)
            raise typer.Exit(EXIT_UNREACHABLE) from error
        except asyncio.CancelledError:
            raise typer.Exit(EXIT_STOPPED) from None
    for example in result.examples:
        typer.echo(example, err=True)
    if result.unexplained or result.duplicates or result.wrong or not result.delivered:
        raise typer.Exit(EXIT_UNHEALTHY)


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="gateway-demo-", ignore_cleanup_errors=True) as made:
        yield Path(made)


async def _until_stopped(work: Coroutine[Any, Any, Result]) -> Result:
    """Let SIGTERM end the children, too."""
    import asyncio

    task = asyncio.current_task()
    if task is not None and sys.platform != "win32":
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await work


async def _run(
    folder: Path, seed: int, seconds: float | None, lang: Language, *, as_json: bool
) -> Result:
    from gateway.core.clock import SystemClock
    from gateway.demo.config import Size
    from gateway.demo.plant import Plant, as_json_line
    from gateway.demo.run import Show

    clock = SystemClock()
    texts = TEXTS[lang]
    tell = _teller(texts) if seconds is not None else _silent
    if not as_json or seconds is None:
        typer.echo(texts["starting"])
    async with Plant(folder, Size(), clock, seed) as plant:
        await plant.wait_flowing()
        show = Show(plant, clock, tell)
        if seconds is not None:
            typer.echo(f"{texts['first']} {plant.first_value_s or 0.0:.1f} s")
            typer.echo(f"{texts['tree']} http://127.0.0.1:{plant.ports.api}/aas?lang={lang}")
            result = await show.unattended(seconds)
        else:
            result = await _attended(show, texts)
        if as_json:
            typer.echo(as_json_line(plant, result))
        return result


def _silent(_event: Event) -> None:
    """On a terminal the table shows it."""


def _teller(texts: Mapping[str, str]) -> Callable[[Event], None]:
    def tell(event: Event) -> None:
        typer.echo(f"{texts[event.kind]}: {_verdict(event.result, texts)}")

    return tell


def _verdict(result: Result | None, texts: Mapping[str, str]) -> str:
    if result is None:
        return texts["busy"]
    counts = [
        f"{result.unexplained} {texts['lost']}, {result.duplicates} {texts['double']}",
        f"{result.wrong} {texts['wrong']}" if result.wrong else "",
        f"{result.explained} {texts['gaps']}" if result.explained else "",
    ]
    return ", ".join(part for part in counts if part)


async def _attended(show: Show, texts: Mapping[str, str]) -> Result:
    import asyncio

    from rich.live import Live

    from gateway.demo.run import watch

    keys: asyncio.Queue[str] = asyncio.Queue(KEYS_MAX)
    with _keyboard(keys), Live(refresh_per_second=REFRESH_HZ) as live:
        return await watch(show, keys, lambda result: live.update(_screen(show, result, texts)))


def _screen(show: Show, result: Result, texts: Mapping[str, str]) -> RenderableType:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from gateway.demo.config import labels

    table = Table(title=texts["title"], expand=True)
    by_device: dict[str, list[str]] = {}
    for source, value in show.plant.tail.latest.items():
        compared = show.plant.reconciliation
        shown = compared.shown(source, value) if compared else str(value)
        by_device.setdefault(source[0], []).append(f"{source[1]}={shown}")
    shown_names = {device: labels(device)[texts is TEXTS["en"]] for device in by_device}
    widest = max(map(width, shown_names.values()), default=0)
    table.add_column(texts["device"], no_wrap=True, min_width=widest)
    table.add_column(texts["values"], overflow="ellipsis", no_wrap=True, ratio=1)
    for device, values in sorted(by_device.items()):
        table.add_row(shown_names[device], "  ".join(values[:VALUES_EACH]))
    counts = (
        f"{texts['said']} {result.produced:,}   {texts['arrived']} {result.delivered:,}   "
        f"{texts['way']} {result.unexplained:,}   {texts['double']} {result.duplicates:,}   "
        f"{texts['wrong']} {result.wrong:,}"
    )
    story = [f"  {texts[e.kind]}: {_verdict(e.result, texts)}" for e in show.story.events]
    tree = f"{texts['tree']} http://127.0.0.1:{show.plant.ports.api}/aas"
    lines = [Text(tree), Text(texts["keys"], style="bold")]
    return Group(table, Text(counts), *map(Text, story), *lines)


@contextlib.contextmanager
def _keyboard(keys: asyncio.Queue[str]) -> Iterator[None]:
    """Put each key into the queue as it is pressed; a full queue drops it."""
    import asyncio

    def put(key: str) -> None:
        with contextlib.suppress(asyncio.QueueFull):
            keys.put_nowait(key.lower())

    if sys.platform == "win32":
        with _windows_keys(put):
            yield
        return
    import termios
    import tty

    loop, place = asyncio.get_running_loop(), sys.stdin.fileno()
    before = termios.tcgetattr(place)
    tty.setcbreak(place)
    loop.add_reader(place, lambda: put(sys.stdin.read(1)))
    try:
        yield
    finally:
        loop.remove_reader(place)
        termios.tcsetattr(place, termios.TCSADRAIN, before)


@contextlib.contextmanager
def _windows_keys(put: Callable[[str], None]) -> Iterator[None]:
    """Look for keys ten times a second: there is no descriptor to wait for."""
    import asyncio
    import msvcrt

    loop = asyncio.get_running_loop()
    timer: asyncio.TimerHandle

    def look() -> None:
        nonlocal timer
        while msvcrt.kbhit():  # type: ignore[attr-defined,unused-ignore]  # Windows only
            put(msvcrt.getwch())  # type: ignore[attr-defined,unused-ignore]  # Windows only
        timer = loop.call_later(0.1, look)

    timer = loop.call_later(0.1, look)
    try:
        yield
    finally:
        timer.cancel()
