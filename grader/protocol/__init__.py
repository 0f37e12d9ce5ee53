"""Bytes in, events out. No socket, no clock, no test framework: whoever calls says what arrived and when."""
