"""The programme's log service as a stranger would build it: its rules, its answers, its bad days.

`python -m simulators.usage_log --port 8095 --key KEY` prints one JSON line with its address and
serves until it is ended; without `--key` every key is taken. In a test:

    service = UsageLogService({KEY: "active"}, now=clock.now)
    async with service.serving() as url:
        ...
    assert service.stored[0]["useSe"] == "DO6001"

Beside the three endpoints it answers, to this PC only, on its port and on `--control-port`:

- `GET /__sim__/stored`, `/tests`, `/requests`, `/state`: what it keeps, was asked, thinks;
- `POST /__sim__/fault`: see `service_faults`;
- `POST /__sim__/clock`: `{"set": "2026-03-02 09:00:00", "advance": "605s", "rate": 60,
  "shift_s": 3600}`: Korean time; `rate` times as fast, 0 stands still; shown an hour off;
- `POST /__sim__/keys`: `{"key": KEY, "status": "active"}`, or `ended`, `unknown`;
- `POST /__sim__/shape`: `{"wrapped": false, "bom": true, "content_type": "text/html"}`;
- `POST /__sim__/certificate`: `{"kind": "expired"}`, or `good`, `self-signed`, `wrong-host`;
- `POST /__sim__/reset`: forgets records, requests, counts, faults.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import tempfile
from pathlib import Path

from simulators.control import BadRequest
from simulators.server_certificate import KINDS
from simulators.small_http import listening, port_of
from simulators.stopping import stop_event
from simulators.usage_log_content import Shape
from simulators.usage_log_rules import RuleConfig, Status
from simulators.usage_log_service import SAMPLE_KEY, UsageLogService
from simulators.virtual_clock import read_stamp

__all__ = ["SAMPLE_KEY", "RuleConfig", "Shape", "Status", "UsageLogService"]


def made(options: argparse.Namespace) -> UsageLogService:
    """Give the service that the options describe."""
    keys: dict[str, Status] = dict.fromkeys(options.key, "active")
    keys.update(dict.fromkeys(options.ended_key, "ended"))
    service = UsageLogService(
        keys,
        rules=RuleConfig(
            interval_s=options.interval,
            test_takes_turn=options.test_takes_turn,
            any_key=not keys,
        ),
        shape=Shape(not options.unwrapped, options.bom, options.content_type),
        truth=options.truth,
    )
    if options.now is not None:
        service.clock.set(options.now)
    if options.rate is not None:
        service.clock.hurry(options.rate)
    service.clock.shift_s = options.shift
    return service


async def run(options: argparse.Namespace, folder: Path) -> None:
    """Serve until SIGTERM or SIGINT."""
    service = made(options)
    stop = stop_event()
    async with (
        service.serving(options.port, options.host, options.tls, folder) as url,
        listening(service.control.handle, port=options.control_port) as control,
    ):
        ready = {"ready": "usage-log", "listening": url, "port": port_of(url)}
        ready |= {"control_port": port_of(control), "pid": os.getpid()}
        if options.tls is not None:
            ready["ca"] = str(folder / "ca.pem")
        print(json.dumps(ready, ensure_ascii=False), flush=True)
        await stop.wait()
    service.kept.close()


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="simulators.usage_log",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    shape = Shape()
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=8095)
    add("--control-port", type=int, default=0, help="plain HTTP beside HTTPS; 0 takes a free one")
    add("--key", action="append", default=[], help="a key whose project runs; may be repeated")
    add("--ended-key", action="append", default=[], help="a key whose project has ended")
    add("--now", type=_time, help="Korean time at the start, such as '2026-03-02 08:30:00'")
    add("--rate", type=float, help="times as fast as true time; 0 stands still")
    add("--shift", type=float, default=0.0, help="seconds by which its shown time is wrong")
    add("--interval", type=float, default=600.0, help="seconds between stored records")
    add("--test-takes-turn", action="store_true", help="DO6999 keeps to the ten minutes, too")
    add("--unwrapped", action="store_true", help="answers without `result`")
    add("--bom", action="store_true", help="answers begin with a byte order mark")
    add("--content-type", default=shape.content_type)
    add("--tls", choices=KINDS, help="HTTPS with this kind of certificate")
    add("--tls-folder", type=Path, help="where certificates and ca.pem are made")
    add("--truth", type=Path, help="a file that gets each stored record before it is answered")
    return parser


def _time(text: str) -> int:
    try:
        return read_stamp(text)
    except BadRequest as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def main(arguments: list[str] | None = None) -> None:
    options = parser().parse_args(arguments)
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.suppress(KeyboardInterrupt))
        folder = options.tls_folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        asyncio.run(run(options, folder))


if __name__ == "__main__":
    main()
