"""Wiring map and PiCtory file to process image: binding, scaling, quality, module health."""
