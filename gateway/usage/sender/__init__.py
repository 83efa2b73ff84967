"""The sender: usage logs of one key, on their way to the programme's log service.

Constraints
-----------

- The service stores one record of a key in ten minutes, at most 144 a day, of today only, and may
  block a key that asks 5,000 times a day. A solution makes thousands of events a day.
- It has no idempotency key. A request whose answer is lost may have been stored; sent again within
  ten minutes it is answered AP1029, after them it would be stored twice.
- Its clock counts. Ours may be wrong by seconds or by years, and so may that of a solution.
- Nothing is made up: an event is sent as it came, and "taken by the gateway" is never "stored by
  the service". What became of every event can be proven afterwards (`usage/ledger`).
- Several gateways of a site may have the same key.

Source: log service interface 1.7 as its public implementations show it.

States
------

    queued ──▶ sending ──▶ delivered | test_ok | deferred | quarantined | blocked
       │          └── no answer: stays `sending`, the same record again ──▶ delivered_presumed
       └──▶ sampled_out | expired_midnight | blocked

Each is a new row of the ledger, durable before anything is done because of it (`delivery_ledger`).
`sending` is written before the request leaves, so that a start that finds it knows: the outcome of
that one is unknown.

One step (`sender`)
-------------------

1. The day: when the service's day is over, its events get their last state (`past_days`): those
   that saw a later slot go to another are `sampled_out`, the rest `expired_midnight`.
2. The gate: is the lease ours (`lease`), is the service open, is there room in the day, did it stop
   us, is a slot free (`slots`)? Each closed gate is a word of `status`.
3. A record whose outcome is unknown goes first, the very same bytes, as long as the service would
   recognise it; then it is `quarantined` for a person.
4. Else the best event of the day goes (`choosing`, `sampler`): rarer kinds of use first, people not
   heard of yet before those who were.
5. The request (`requesting`, `log_service`), then the answer: its code is looked up in a table
   (`usage/rules/result_codes.toml`), `judge` adds what a table cannot know, and one of twelve
   actions follows.

Between steps it waits for the next moment that matters, or for an event (`wake_up`).

Time (`service_time`)
---------------------

Every answer carries the service's time. Until the first one our clock is only a guess: no day is
closed by it for 26 hours, and if nothing of "today" waits, an event of another day is sent to hear
the time. An event that is ahead of the service's now waits for its time to come.

Failing
-------

- No answer: see above. After each round without one the pause doubles, since it may cost an event.
- A service that is away, or says that something is wrong with the key, is asked seldom; what waits
  is shown as `blocked` with the code, and an alarm tells a person what to do.
- A ledger that cannot be written: nothing is sent, for what is not written down did not happen.
- A kill at any moment: the rows tell. At worst one record is sent a second time within its ten
  minutes, which the service answers with AP1029 (`tests/fault/test_usage_sender_kill.py`).

Several gateways
----------------

`lease` is a file that they share: the holder beats in it, the others watch, by their own monotonic
clocks alone. Where a share lies, AP1029 tells: who did not expect it steps back ("contended").
"""
