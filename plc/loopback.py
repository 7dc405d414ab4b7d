"""A simulation cannot reach a real house: which addresses and ports a file image may talk to.

With a plain file as process image nothing stands between a test and a real inverter, miner or broker but
this rule: loopback addresses and pseudo-terminals, nothing else.
"""

from __future__ import annotations

import ipaddress
import os
import stat

_PTY_MAJORS = range(136, 144)  # Linux: the slave side of pseudo-terminals


def is_loopback(host: str) -> bool:
    """Whether a host name or address stays on this machine; names other than localhost do not count.

    A name is not resolved: what it means may be different in the moment it is used.
    """
    if host.lower() in {"localhost", "ip6-localhost"}:
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_pseudo_terminal(path: str) -> bool:
    """Whether a serial port is a pseudo-terminal; a port that does not exist is not proven to be one."""
    try:
        found = os.stat(path)
    except OSError:
        return False
    return stat.S_ISCHR(found.st_mode) and os.major(found.st_rdev) in _PTY_MAJORS


def strangers(hosts: dict[str, str], ports: dict[str, str]) -> list[str]:
    """What could leave this machine, as sentences; keys name the entry in the site file."""
    found = [
        f"{name}: {host} is not a loopback address" for name, host in hosts.items() if not is_loopback(host)
    ]
    found += [
        f"{name}: {port} is not a pseudo-terminal"
        for name, port in ports.items()
        if not is_pseudo_terminal(port)
    ]
    return found
