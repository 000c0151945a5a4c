"""A home with three Nissans: real Home Assistant, set up against the simulator. ``script/demo`` starts it."""
