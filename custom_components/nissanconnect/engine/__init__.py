"""The decisions: how reports become one state, when to read again, how a command is followed, what raises an alert.

No I/O and no clock: time and everything that does I/O are passed in.
"""
