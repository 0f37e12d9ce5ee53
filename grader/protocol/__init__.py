"""Bytes in, events out: no socket, no clock, no test framework. The caller gives the bytes and their arrival times."""
