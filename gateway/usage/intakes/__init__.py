"""Where usage events come from, beside the listener: files, folders, databases, topics.

Each intake is one coroutine, `run`, that never ends by itself: what may pass (an unreadable file,
a database that is away) is an event and tried again at its own pace.
"""
