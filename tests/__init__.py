"""Tests of the NissanConnect integration."""
