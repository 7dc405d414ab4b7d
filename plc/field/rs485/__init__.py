"""Devices on RS485: bus threads, register maps, plausibility, listening. Reads only, never writes."""
