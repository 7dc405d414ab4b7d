"""IEC 61131-3 standard blocks and heating blocks. Pure: no I/O, no clock, no logging."""
