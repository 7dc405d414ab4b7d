"""The dead-man chain, layer by layer, on real processes."""
