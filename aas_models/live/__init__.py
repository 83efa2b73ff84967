"""Live values: the newest sample of every signal, and every AAS document over them.

What is stored
    `SlotColumns` (columns.py) has one slot for each signal that fills a property, and one more that
    takes what has no place (`UNMAPPED`). A slot is a place in parallel arrays: value, raw value,
    status, source, server and receive time, offset, version. Only the newest sample stays; a bad
    one clears the value and leaves the rest. Numbers stay in typed arrays (values.py), texts and
    structures in a list.

Why slots in arrays
    A batch of columns then is a handful of array assignments, whatever its size; an object for each
    value would cost more than everything else on its way. Nothing is encoded when a value comes: a
    request encodes what changed since the last one and joins it with bytes that were compiled from
    the structure (fragments.py).

Who writes
    `NewestValues.on_records` alone, on the event loop, with what the spool has just committed. It
    finds the slots of a batch by its table (routes.py). A batch of `SMALL` samples or more is
    stored at once. Smaller ones wait, `WAITING_MAX` at most, because runs of like batches stored as
    one cost a quarter; `NewestValues.bring_in` stores them, and every reading begins with it. So a
    reader sees all that came before, and reading a property changes nothing.

Who reads
    `Running` is what submodels see: columns with everything brought in, values as tokens, what
    feeds keep. `LiveView` answers questions: documents, newest samples by pattern, names. Both stay
    on the event loop; only the compiling of a submodel's structure goes to a worker thread. Whoever
    else wants the values reads the same columns after `bring_in`.

Versions
    `version` counts batches as they come, whether stored or waiting; a slot carries the number of
    the run that wrote it last. "What changed after version n" is a comparison of one array, and it
    may name a sample twice but never leaves one out.

Entity tags
    `mark` names this process and its revision of the structure: a reload makes a new one, and so
    does a first value that shows its type, before it is stored. The tag of a submodel or element is
    the mark and the newest version among its slots; a submodel made of figures has a digest of its
    content instead.

Structure
    `Structure` (structure.py) holds devices, documents and served submodels. A reload builds them
    anew in a worker thread (compiled.py); the columns of signals that stayed the same (source,
    element, unit) are taken over, and so are the feeds, such as the newest records of a device.
"""

from aas_models.live.live_values import LiveValues
from aas_models.live.view import LiveView, NewestSample, Reading

__all__ = ["LiveValues", "LiveView", "NewestSample", "Reading"]
