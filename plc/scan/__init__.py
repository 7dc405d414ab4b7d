"""The cycle: clock, loop, statistics, dead-man chain."""
