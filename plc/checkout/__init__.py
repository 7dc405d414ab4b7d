"""Guided check-out of a wired cabinet: one signal at a time, with a protocol at the end.

It may stand in for the controller on the image, never beside it: it takes the same lock, arms the same output
watchdog and keeps its own, much smaller set of interlocks. It holds no logic of the plant.
"""
