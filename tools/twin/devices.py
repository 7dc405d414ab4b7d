"""The virtual field devices of the twin process: both miners on gRPC, inverter and meters on RS485.

Their values are the physics' own. Orders make them misbehave while they run:

    m1 fault NAME [VALUE]      a switch of the miner (tools.twin.virtual_miner.faults); also clear ...
    deye fault NAME [VALUE]    an attribute of the inverter (frozen, no_clamps, blank ...) or a fault of its
                               line (silent, crc, late, zeros ...: VALUE = share, or seconds for late)
    meters fault NAME [VALUE]  a fault of the meters' line
    deye clear | unplug | replug, the same for meters
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from types import TracebackType
from typing import Any

from tools.twin.modbus_devices.deye import VirtualDeye
from tools.twin.modbus_devices.faults import Fault
from tools.twin.modbus_devices.line import VirtualBus
from tools.twin.modbus_devices.plant import VirtualRs485
from tools.twin.rig import Rig

HIDDEN = ("family", "provider", "noise")  # what the inverter is, not what is wrong with it
SECONDS = (Fault.LATE, Fault.SPLIT)
LINES = {"deye": "inverter", "meters": "meters"}


class Devices:
    """What this twin serves; nothing until somebody asks for it."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._stack = contextlib.ExitStack()
        self.miners: list[Any] = []
        self.rs485: VirtualRs485 | None = None

    def __enter__(self) -> Devices:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def serve_miners(self, ports: Sequence[int]) -> None:
        """Both miners as gRPC servers on loopback."""
        from tools.twin.virtual_miner import VirtualMiner
        from tools.twin.virtual_miner.unit import PlantUnit

        for miner, port in zip(self._rig.model.miners, ports, strict=True):
            self.miners.append(self._stack.enter_context(VirtualMiner(PlantUnit(miner), port=port)))

    def serve_rs485(self, folder: Path, speed: float | None) -> None:
        """Inverter and meters on pseudo-terminals, found through links in this folder."""
        folder.mkdir(parents=True, exist_ok=True)
        self.rs485 = self._stack.enter_context(VirtualRs485(self._rig, folder, speed=speed or 0.0))

    def advance(self, seconds: float) -> None:
        """Simulated time passes; the lines have their own, divided by the speed."""
        for miner in self.miners:
            miner.advance(seconds)

    def obey(self, words: Sequence[str]) -> bool:
        """Carries out an order to a device; False when it is none, ValueError when it makes no sense."""
        name, rest = words[0], list(words[1:])
        if name in ("m1", "m2"):
            self._obey_miner(int(name[1]) - 1, rest)
        elif name in LINES:
            self._obey_line(name, rest)
        else:
            return False
        return True

    def _obey_miner(self, index: int, words: list[str]) -> None:
        if index >= len(self.miners):
            raise ValueError("the miners are not served here")
        from tools.twin.virtual_miner.__main__ import obey

        obey(self.miners[index], words)

    def _obey_line(self, name: str, words: list[str]) -> None:
        if self.rs485 is None:
            raise ValueError("the RS485 lines are not served here")
        bus: VirtualBus = getattr(self.rs485, LINES[name])
        deye = self.rs485.deye if name == "deye" else None
        match words:
            case ["fault", fault, *value]:
                _spoil(bus, deye, fault, _value(value))
            case ["clear"]:
                bus.faults.clear()
                if deye is not None:
                    _heal(deye)
            case ["unplug"]:
                bus.unplug()
            case ["replug"]:
                bus.replug()
            case _:
                raise ValueError(f"unknown order {' '.join(words)!r}")


def _value(words: list[str]) -> Any:
    return json.loads(words[0].lower()) if words else True


def _spoil(bus: VirtualBus, deye: VirtualDeye | None, name: str, value: Any) -> None:
    switches = _switches() if deye is not None else {}
    if name in switches:
        setattr(deye, name, tuple(value) if isinstance(value, list) else value)
    elif name.upper() in Fault.__members__:
        fault = Fault[name.upper()]
        if value is False:
            bus.faults.clear(fault)
        elif fault in SECONDS or fault is Fault.EXCEPTION:
            bus.faults.set(fault, amount=float(value))
        else:
            bus.faults.set(fault, rate=float(value))
    else:
        known = ", ".join([*sorted(switches), *(fault.name.lower() for fault in Fault)])
        raise ValueError(f"unknown fault {name!r}; known: {known}")


def _switches() -> dict[str, Any]:
    return {
        field.name: field
        for field in fields(VirtualDeye)
        if field.name not in HIDDEN and not field.name.startswith("_")
    }


def _heal(deye: VirtualDeye) -> None:
    """Back to a healthy inverter of the same make."""
    healthy = VirtualDeye(deye.family, deye.provider)
    for name in _switches():
        if name not in ("serial", "rated_w", "strings"):
            setattr(deye, name, getattr(healthy, name))
