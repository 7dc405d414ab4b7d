"""Retained data, flight recorder, decision log, counters."""
