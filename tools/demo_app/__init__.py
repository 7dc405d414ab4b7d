"""The demo: the real controller against the virtual plant, each in its own process."""
