"""The sections of site.yaml beside parameters and routes, one line each.

Whoever writes a driver or a rule brings a frozen dataclass with `Param` annotations and puts it into
SECTIONS; reading, messages with line numbers, defaults, the JSON Schema and the list of addresses
follow from it. Secrets never stand in site.yaml: a section names a file (mode 0600) or a credential.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from plc.devicefiles import rs485_problems
from plc.field.miner.settings import MinerSettings
from plc.field.rs485.settings import SerialPort
from plc.hot_water import HotWaterSensor
from plc.image.marked_yaml import Node
from plc.image.problem import Problem
from plc.link.settings import Mqtt
from plc.site_economics import PriceSource


def _nothing(_: Any) -> tuple[str, ...]:
    return ()


def _no_problems(value: Any, node: Node, file: str) -> Iterable[Problem]:
    del value, node, file
    return ()


@dataclass(frozen=True, slots=True)
class Section:
    """One section.

    place: keys from the top of site.yaml. kind: its dataclass. many: a list of them. required: may not be
    left out. optional: left out it is None, although every key has a default. hosts, ports: network hosts
    and serial ports that an entry talks to. check: rules that need more than one entry or another file; gets
    the value, its node and the path of the site file.
    """

    place: tuple[str, ...]
    kind: type
    many: bool = False
    required: bool = False
    optional: bool = False
    hosts: Callable[[Any], tuple[str, ...]] = _nothing
    ports: Callable[[Any], tuple[str, ...]] = _nothing
    check: Callable[[Any, Node, str], Iterable[Problem]] = _no_problems

    @property
    def name(self) -> str:
        """`devices.miners`."""
        return ".".join(self.place)


SECTIONS: tuple[Section, ...] = (
    Section(("devices", "miners"), MinerSettings, many=True, hosts=lambda miner: (miner.host,)),
    Section(
        ("devices", "rs485"), SerialPort, many=True, ports=lambda port: (port.port,), check=rs485_problems
    ),
    Section(("devices", "mqtt"), Mqtt, hosts=lambda broker: (broker.host,)),
    Section(("devices", "hot_water"), HotWaterSensor, optional=True),
    Section(("prices",), PriceSource, optional=True),
)
