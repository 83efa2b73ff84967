"""Everything that operators may read in the log: one function an event, one module a room.

A function here writes the line and moves the counter, so the two never disagree. `logging` is
imported nowhere else. Log changes, not states; nothing for each sample; never a secret.
"""
