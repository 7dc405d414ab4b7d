"""ThermIQ PLC: a scan-cycle controller for a hybrid heating system on a RevolutionPi."""

__version__ = "0.1.0"
