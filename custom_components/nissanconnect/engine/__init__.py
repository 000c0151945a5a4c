"""What we decide: how reports become one state, when to read again, how a command is followed to its end.

Pure: time is passed in, the world is reached through small protocols that the shell satisfies.
"""
