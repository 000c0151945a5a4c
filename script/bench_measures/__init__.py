"""What the integration costs and how fresh it is, measured against the simulator. ``script/bench`` runs it."""
