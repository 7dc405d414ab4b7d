"""The ThermIQ machine: signals, modes, sequence, routes, interlocks, alarms. Pure; reads top to bottom."""
