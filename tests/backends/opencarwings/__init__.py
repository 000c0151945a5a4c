"""Tests of the OpenCARWINGS backend, through its real client."""
