"""What owners ask the book of a vehicle, and its calendar."""
