"""The dialogs. Home Assistant finds them through ``config_flow.py``, which puts them together."""
