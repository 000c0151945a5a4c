"""What the integration costs and how fresh it is, measured against the simulator. ``script/bench`` runs it."""

# Before anything of Home Assistant is imported that the harness of `home` needs to find changed.
import tests.ha_compat  # noqa: F401
