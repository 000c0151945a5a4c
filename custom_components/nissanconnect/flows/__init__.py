"""The dialogs, apart from adding an entry itself, which Home Assistant looks for in ``config_flow.py``."""
