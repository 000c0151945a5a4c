"""Tests of Leaf Spy."""
