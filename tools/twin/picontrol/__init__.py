"""A virtual piControl: the process image of a RevolutionPi with the driver's behaviour, through FUSE.

`python -m tools.twin.picontrol MOUNTPOINT CONFIG_RSC` mounts a folder with a file `piControl0` that
programs open instead of `/dev/piControl0`. See docs/reference/virtual-picontrol.md.

The package imports nothing from the controller it tests: a wrong idea about offsets in one of the two
shows as a difference instead of cancelling out.
"""
