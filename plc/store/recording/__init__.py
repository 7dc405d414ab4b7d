"""The flight recorder: every scan's inputs, tick and outputs, so that a fault can be run again at a desk."""
