"""One module per part of `tools/bench`."""
