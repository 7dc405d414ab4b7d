"""Everything on RS485 as one service of the program: started, stopped, asked for its health and its values.

The scan reads `energy` and `metered`: attribute reads and a few comparisons, no lock, no wait. What the
threads do meanwhile does not matter to it; if they die, the values grow old.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from plc.blocks.core import NEVER, NS_PER_S, Origin, Reading
from plc.field.rs485.bus import Bus, BusSnapshot, Clock, PortState
from plc.field.rs485.device import Device, DeviceSnapshot, DeviceState
from plc.field.rs485.devicetype import DeviceType
from plc.field.rs485.deye import Deye
from plc.field.rs485.listen import ListenBus, ListenLine
from plc.field.rs485.port import Line
from plc.field.rs485.settings import SerialDevice, SerialPort
from plc.plant.interface import EnergyInputs

ENERGY = "energy."
METERED = "miner.power_metered_w"


class Rs485Service:
    """All ports of a site. kinds: the loaded device files, all Deye families where `deye` is used.

    origin: SIM when the ports lead to virtual devices, so that everything simulated says so.
    """

    name = "rs485"

    def __init__(
        self,
        ports: Sequence[SerialPort],
        kinds: Mapping[str, DeviceType],
        clock: Clock,
        origin: Origin = Origin.MEASURED,
    ) -> None:
        self._clock = clock
        self._buses = [make_bus(port, kinds, clock, origin) for port in ports]

    def expect_load(self, known_w: Callable[[], float | None]) -> None:
        """What surely runs in the house in W, None when unknown. Before the start; asked in our threads."""
        for bus in self._buses:
            for device in bus.devices:
                if isinstance(device, Deye):
                    device.known_load_w = known_w

    def start(self) -> None:
        """Starts one thread per port; returns at once, whatever the ports do."""
        for bus in self._buses:
            bus.start()

    def stop(self) -> None:
        """Asks all threads to end; returns at once."""
        for bus in self._buses:
            bus.ask_to_stop()

    def join(self, seconds: float) -> bool:
        """Waits for the threads; True when all have ended."""
        deadline_s = time.monotonic() + seconds
        for bus in self._buses:
            bus.join(max(0.0, deadline_s - time.monotonic()))
        return not any(bus.alive for bus in self._buses)

    def snapshots(self) -> tuple[BusSnapshot, ...]:
        """The newest state of every port."""
        return tuple(bus.snapshot for bus in self._buses)

    def devices(self) -> Iterator[DeviceSnapshot]:
        """The newest state of every device."""
        for bus in self._buses:
            yield from bus.snapshot.devices

    def energy(self, now_ns: int) -> EnergyInputs:
        """The house as of now. now_ns: time of the scan, which is what ages are judged by."""
        return energy_of(self.devices(), now_ns)

    def metered(self, miner: int, now_ns: int) -> Reading:
        """Power of a miner (1 or 2) by its own meter as of now; NEVER without a meter."""
        for device in self.devices():
            if device.miner == miner and METERED in device.feeds:
                return device.reading(device.feeds[METERED], now_ns)
        return NEVER

    def reading(self, device: str, value: str, now_ns: int) -> Reading:
        """One value of one device as of now; NEVER while it has not given it."""
        for found in self.devices():
            if found.name == device:
                return found.reading(value, now_ns)
        return NEVER

    def readings(self, now_ns: int) -> dict[str, Reading]:
        """Every value of every device by `<device>.<value>`, for status and history."""
        return {
            f"{device.name}.{name}": device.reading(name, now_ns)
            for device in self.devices()
            for name in device.values
        }

    def ok(self) -> bool | None:
        """Whether every port is open and every device answers; None without devices."""
        found = self.snapshots()
        if not any(bus.devices for bus in found):
            return None
        return all(
            bus.state is PortState.OPEN
            and all(device.state is DeviceState.ANSWERING for device in bus.devices)
            for bus in found
        )

    def health(self) -> dict[str, object]:
        """Ports, devices, blocks and what went wrong, as plain data."""
        now_ns = self._clock.now_ns()
        return {
            "ok": self.ok(),
            "reads_ok": sum(device.stats.ok for device in self.devices()),
            "ports": [_port_health(bus.snapshot, bus.alive, now_ns) for bus in self._buses],
        }


def make_bus(port: SerialPort, kinds: Mapping[str, DeviceType], clock: Clock, origin: Origin) -> Bus:
    """One port with its devices."""
    devices = [make_device(device, kinds) for device in port.devices]
    name = port.port.rsplit("/", 1)[-1]
    if port.listen:
        return ListenBus(name, ListenLine(port.port, port.line), devices, clock, origin)
    return Bus(name, Line(port.port, port.line), devices, clock, origin)


def make_device(device: SerialDevice, kinds: Mapping[str, DeviceType]) -> Device:
    """One device with its driver; inverters are identified, everything else is what the site says."""
    kind = kinds[device.type]
    options = device.options(kind)
    if kind.identity and device.type.startswith("deye"):
        return Deye(device.name, device.type, kinds, options)
    return Device(device.name, device.type, kind, options)


def energy_of(devices: Iterable[DeviceSnapshot], now_ns: int) -> EnergyInputs:
    """What the devices say about the house, each field from the device whose role feeds it."""
    found: dict[str, Reading] = {}
    for device in devices:
        for target, name in device.feeds.items():
            if target.startswith(ENERGY):
                found[target.removeprefix(ENERGY)] = device.reading(name, now_ns)
    return EnergyInputs(**found)


def _port_health(bus: BusSnapshot, alive: bool, now_ns: int) -> dict[str, object]:
    return {
        "port": bus.path,
        "state": bus.state.value,
        "alive": alive,
        "error": bus.error,
        "load_pct": round(bus.load_pct, 1),
        "transactions": bus.transactions,
        "failures": bus.failures,
        "reopens": bus.reopens,
        "foreign_bytes": bus.foreign_bytes,
        "crashes": bus.crashes,
        "devices": [_device_health(device, now_ns) for device in bus.devices],
    }


def _device_health(device: DeviceSnapshot, now_ns: int) -> dict[str, object]:
    stats = device.stats
    return {
        "name": device.name,
        "type": device.kind,
        "state": device.state.value,
        "identity": dict(device.identity),
        "messages": list(device.messages),
        "requests": stats.requests,
        "ok": stats.ok,
        "failures": dict(stats.failures),
        "exceptions": {str(code): count for code, count in stats.exceptions.items()},
        "late_bytes": stats.late_bytes,
        "refused_values": stats.refused_values,
        "torn_reads": stats.torn_reads,
        "answer_mean_ms": _rounded(stats.answer_mean_ms),
        "answer_p95_ms": _rounded(stats.answer_p95_ms),
        "blocks": {
            block.name: {
                "registers": block.count,
                "period_s": block.period_s,
                "age_s": None if block.ok_ns is None else round((now_ns - block.ok_ns) / NS_PER_S, 1),
                "failures": block.failures,
            }
            for block in device.blocks
        },
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
