"""`gateway sim`: machines, a broker and a platform to try things against; nothing to install."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable

import typer

MODULES = {
    "opcua": ("simulators.opcua_press", "An OPC UA press line: press, injection moulder, CNC."),
    "mqtt": ("simulators.mqtt_cell", "An MQTT cell: room sensors, status, readings."),
    "broker": ("simulators.mqtt_broker", "A small MQTT broker on 127.0.0.1."),
    "modbus": ("simulators.modbus_meter", "A Modbus meter: every register says its own number."),
    "platform": ("simulators.platform", "The central platform, with faults on wish."),
    "usage-log": ("simulators.usage_log", "The programme's log service: its rules and bad days."),
    "kpi": ("simulators.kpi_service", "The small-workshop programme's KPI service."),
    "faults": ("simulators.faults", "A TCP proxy that cuts, delays and corrupts."),
}

app = typer.Typer(
    no_args_is_help=True,
    help="Simulated machines, broker and platform.",
)


def _command(module: str) -> Callable[[typer.Context], None]:
    def start(context: typer.Context) -> None:
        raise typer.Exit(run([sys.executable, "-m", module, *context.args]))

    return start


for _name, (_module, _text) in MODULES.items():
    app.command(
        _name,
        help=_text,
        add_help_option=False,
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )(_command(_module))


def run(command: list[str]) -> int:
    """Run a simulator in the foreground; Ctrl-C and SIGTERM end it and are its own business."""
    with subprocess.Popen(command) as child:  # noqa: S603 - a module name from the table above
        signal.signal(signal.SIGTERM, lambda *_: child.terminate())
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:
                continue  # the terminal has sent it to the child as well
