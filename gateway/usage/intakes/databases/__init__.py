"""Tables of other systems: names, statements, and one small module for each driver.

Drivers come with the extra `usage-databases` and are imported when a connection is opened.
"""
