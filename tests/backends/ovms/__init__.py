"""Tests of the OVMS backend, most of them against a stand-in for the module on a broker in memory."""
