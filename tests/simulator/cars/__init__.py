"""The simulated cars: vehicles that drive, charge and heat behind every simulated service."""
