"""Tests of the client for MyNISSAN Europe."""
