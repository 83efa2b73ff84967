"""A machine for each kind of adapter; `tests/contract/test_adapter.py` says what it has to have.

A module named after the kind has `command(port)`, which is run as a process and says values on that
port of loopback for ever, with one line of JSON once it does, and `device(port)`, the text of a
device file with two tags of it, `Upper` and `Lower`, and waits as short as the keys allow.
"""
