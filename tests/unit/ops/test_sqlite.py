"""Opening a file that somebody else has locked for a moment."""

from __future__ import annotations

import threading
from pathlib import Path

import apsw

from gateway.ops.sqlite import connect, shut

HELD_S = 0.3


def test_a_file_that_is_locked_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    """As when somebody looks into the spool of a killed gateway, and it starts meanwhile."""
    path = tmp_path / "state.db"
    made = connect(path, create=True)
    made.execute("CREATE TABLE t (x)")
    shut(made)
    holder = apsw.Connection(str(path))
    holder.pragma("locking_mode", "EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    release = threading.Timer(HELD_S, lambda: shut(holder))
    release.start()
    try:
        opened = connect(path)
        assert opened.execute("SELECT count(*) FROM t").fetchone() == (0,)
        shut(opened)
    finally:
        release.join()
