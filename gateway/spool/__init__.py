"""The spool: the durable log between machines and destinations.

Constraints
-----------

- A source is acknowledged after its values are durable, never before (I1). What was acknowledged
  survives a killed process (`tests/fault/test_spool_kill.py`) and a cut of power
  (`test_spool_power.py`).
- A record has an offset that only grows and is never used twice inside an epoch (I3).
- Several readers, one for each destination, go at their own pace. For each of them a record is
  accepted, refused with a reason, or pending: exactly one (I4); cursor and quarantine move together
  (I5).
- The space is bounded (I9). What has to be given up for that is told, to each reader that had not
  taken it, by gap records (I6); usage, gaps, rejected messages and audit are not given up at all.
- A damaged file costs itself and nothing else. A start reads a few rows of each file, and of the
  newest what came since its last mark.
- A value costs less than 1 µs of CPU in batches of 100, and 0.1 to 0.2 µs in batches of 1,000,
  encoding and commit included (`python -m tests.bench.spool_bench`).

On the disk
-----------

    spool.lock                 held while a gateway runs here (an operating-system lock: a killed
                               process leaves nothing behind)
    state.db                   epoch, reserved offsets, list of parts, accounts of readers,
                               quarantine, outbox; see `state`
    part-<first offset>.db     records; the newest is written, the others are sealed
    keep.db                    records that outlive their part, see `survivors`
    ballast                    space given back to a full disk, see `limits`
    requests/                  what the command line asks of a running spool, see `requests`
    *.corrupt-<n>              damaged files, set aside

Every `.db` is SQLite in WAL mode with `synchronous=FULL`: a commit returns after its bytes are
synced. With NORMAL the power-cut test loses acknowledged records, with FULL none. Our own format
would be faster by little, because most of a commit is the sync, and would have to earn the trust
that this one has. `application_id` (`FTP1`, `FTS1`) marks a file as ours, `user_version` is the
format; a higher one is refused with nothing changed.

A part holds at most an eighth of the quota and 128 MB, so that giving one up is no catastrophe and
unlinking it gives the space back at once, where DELETE and VACUUM would write everything once more.
Its tables (see `part`):

    records     offset, kind, plan, samples, at, reader, body
    plans       the tables of signals that `plan` points into, each once a part
    marks       every 2,000 records or 4 MB a summary of what came since the mark before
    addressed   the few records that one reader alone gets, such as its gap records

`body` is a head of six bytes (format, flags, CRC-32) and the payload. The CRC starts from the row's
other fields, so that a row in the wrong place, or with another column's value, is damaged too. The
payload of a batch is its columns as bytes, times as narrow differences (`columns`): 4.5 to 7 bytes
for a double with two decimals in batches of 100 and more. From 512 bytes on zstd level 1 pays.

Records and cursors lie in different files, because a part that is full is never written again. What
must change in both goes through the outbox: one transaction in `state.db` says what is to be
written, then it is written into a part together with the number of that entry, then the entry goes.
After a crash the number tells whether the middle step was taken.

Writing
-------

The event loop hands calls to one thread (`gateway.ops.commit_thread`). It waits 20 ms after the
first, or until 2,000 calls wait, and stores them, some 2,000 items at a time, in one transaction
(`admission`, `writing`): rows, new plan tables, a mark when one is due. After the sync, not before,
the callers go on and the records are published to readers. A call is wholly stored or wholly
absent, cancelled or not; one that does not fit the quota, or holds what cannot be encoded, leaves
its neighbours alone. Settles wait 50 ms, so that cursors do not double the number of syncs.

Offsets are reserved in `state.db` a million at a time: even when the newest part is lost with its
tail, none of its offsets comes again.

When the next group does not fit the part, the new file is made first, the old one is sealed (last
mark, log folded in, WAL mode left), then one transaction of state knows both. Checkpoints are ours:
the write-ahead log is folded in at 8 MB (earlier with a small quota), cut after two idle seconds or
at 64 MB.

An error of the disk closes every file, and nothing of that commit counts: after a failed sync the
kernel may have dropped the pages, so the same connection would believe what is not there. The files
are opened again twice a second. What lies beyond the last acknowledged offset is then removed, for
its callers heard that it failed and bring it again.

Reading
-------

The newest 16 MB are in memory as the very objects that were appended (`tail`); a reader that keeps
up never touches the disk. Others read on a thread of their own, a short transaction a file; sealed
parts are opened as immutable, without a lock. A read skips what the cursor has settled, and takes a
share of the quota at most. What is read is in hand until it is settled or given back (`leases`):
a destination may have it, so it is not declared missing meanwhile.

A cursor is a position with everything below it settled, and up to 4,096 settled ranges beyond.
Settling (`settling`) counts what was accepted, copies what was refused into the quarantine, and
saves both in one transaction.

Deleting
--------

A part that every reader has passed is noted as gone in the transaction that moves the last cursor,
then unlinked. No record is ever deleted inside a part, but for those of a failed commit.

When the quota is reached, the first to go is a damaged file that was set aside, then surviving
samples that nobody has in hand any more, then the oldest part that holds samples (`giving_up`):
what is not samples or is in hand is copied into `keep.db`, the state notes the part as gone and the
gap records in its outbox, the file is unlinked. Marks tell what the part held of each signal
without a decode. Refused records take an eighth of the quota at most. When no samples are left to
give up, appends are refused, and nothing is acknowledged any more.

A disk that is full before the quota is another matter: the ballast is given back to it, so that
cursors can still move and parts can go; appends wait until the ballast has room again.

Opening
-------

`recovery` opens `state.db`, finishes what a crash interrupted (parts called gone, salvage that was
renamed half-way), and looks at each sealed part: its size, its head, its last offset. Of the newest
part what follows the last mark is read and checked in full. Then pending records are counted from
marks, and compared with what the account of each reader says. While the spool runs that is done
again in each second in which something was committed: a record which is in no file, and of which
nothing became, is noticed.

A file that is not what was written is renamed, what can be read of it moves into a new part with
the same offsets (`salvage`), and the rest is told by gap records (`losses`). When `state.db` itself
is lost, a new epoch begins and readers begin at the oldest record: a destination sees values twice,
under another epoch, rather than never. A damaged cursor begins at the oldest record, too; what was
sent twice changes nothing at a destination (I7).
"""
