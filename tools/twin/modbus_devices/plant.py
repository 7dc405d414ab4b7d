"""The RS485 lines of the virtual house: inverter on one port, meters on the other, fed by the physics.

The program finds them through the section `devices.rs485` of the demo's site file; that is all they have
in common. Values are taken from the model whenever a register is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tools.twin.modbus_devices.deye import VirtualDeye
from tools.twin.modbus_devices.house import House
from tools.twin.modbus_devices.line import Slave, VirtualBus
from tools.twin.modbus_devices.meter import VirtualMeter
from tools.twin.rig import Rig

BAUD = 9600
JOULE_PER_KWH = 3.6e6
INVERTER, GRID_METER, MINER_METERS, TANK = 1, 2, (11, 12), 21
SERIAL = "2209150001"
FOLLOWS_W = 20.0  # error of the battery's control of the grid power
INVERTER_LINK, METERS_LINK = "ttyInverter", "ttyMeters"


def section(folder: Path) -> list[dict[str, Any]]:
    """`devices.rs485` of a site file whose program shall find the lines that are linked in this folder."""
    miners = [
        {
            "name": f"miner{number}_meter",
            "type": "eastron-sdm72dm-v2",
            "slave_id": slave,
            "role": "miner_meter",
            "miner": number,
        }
        for number, slave in enumerate(MINER_METERS, start=1)
    ]
    grid = {"name": "grid", "type": "eastron-sdm630", "slave_id": GRID_METER, "role": "grid_meter"}
    inverter = {"name": "inverter", "type": "deye", "slave_id": INVERTER, "serial": SERIAL}
    return [
        {"port": str(folder / INVERTER_LINK), "baud": BAUD, "devices": [inverter]},
        {"port": str(folder / METERS_LINK), "baud": BAUD, "devices": [grid, *miners]},
    ]


TANK_KIND = "tank-sensor"
TANK_FILE = """title: Two sensors of the hot water tank
source: made for the virtual house
line: {baud: 9600, parity: N, stop_bits: 1}
blocks:
  now: {start: 0, count: 2, period_s: 5, function: 4}
values:
  top_degc: {address: 0, type: s16, scale: 0.1, unit: degC, low: -10, high: 110, max_step: 5}
  bottom_degc: {address: 1, type: s16, scale: 0.1, unit: degC, low: -10, high: 110, max_step: 5}
"""
"""Device file of the tank's sensor; the program comes with none, every maker has another one."""


def add_tank(ports: list[dict[str, Any]]) -> bool:
    """The tank's sensor to the line of the meters; False when these ports are not ours."""
    for port in ports:
        if str(port["port"]).endswith(METERS_LINK):
            port["devices"].append({"name": "tank", "type": TANK_KIND, "slave_id": TANK})
            return True
    return False


class VirtualTank:
    """A converter for two sensors in the hot water tank, which is one mixed body here."""

    def __init__(self, degc: Callable[[], float]) -> None:
        self._degc = degc

    def read(self, function: int, start: int, count: int) -> list[int] | int | None:
        return [round(10.0 * self._degc())] * count if function == 4 and start + count <= 2 else 2


class Switched:
    """A device that can be told to stay silent while it runs."""

    def __init__(self, device: Slave, alive: Callable[[], bool]) -> None:
        self.device = device
        self._alive = alive

    def read(self, function: int, start: int, count: int) -> list[int] | int | None:
        return self.device.read(function, start, count) if self._alive() else None


class VirtualRs485:
    """Both lines. `inverter` and `meters` are buses: faults, unplug and replug are theirs.

    speed: simulated seconds per wall second; line time is divided by it. 0 = as fast as possible.
    """

    def __init__(self, rig: Rig, folder: Path, *, speed: float = 1.0, family: str = "3p-lv") -> None:
        self._rig = rig
        speed = speed or 1e6
        self.deye = VirtualDeye(family, self.house, serial=SERIAL, rated_w=12_000.0, strings=2)
        inverter: dict[int, Slave] = {INVERTER: Switched(self.deye, lambda: rig.deye_alive)}
        meters: dict[int, Slave] = {GRID_METER: VirtualMeter("eastron-sdm630", lambda: self.house().grid_w)}
        for slave, miner in zip(MINER_METERS, rig.model.miners, strict=True):
            meters[slave] = VirtualMeter("eastron-sdm72dm-v2", lambda miner=miner: miner.power_w)  # type: ignore[misc]
        meters[TANK] = Switched(VirtualTank(lambda: rig.model.dhw.t_degc), lambda: rig.tank_alive)
        self.inverter = VirtualBus(folder / INVERTER_LINK, inverter, baud=BAUD, speed=speed)
        self.meters = VirtualBus(folder / METERS_LINK, meters, baud=BAUD, speed=speed)

    def house(self) -> House:
        """The moment as the inverter measures it.

        The battery of the model holds the grid at exactly nothing. A real one follows the load with an error
        of some watts; a grid power of exactly nothing for minutes is what an inverter without clamps shows.
        """
        e = self._rig.model.electricity
        error_w = 0.0 if abs(e.grid_w) >= 1.0 else FOLLOWS_W * (int(self._rig.t_s) * 37 % 31 - 15) / 15.0
        return House(
            pv_w=e.pv_w,
            battery_w=e.battery_w,
            battery_soc_pct=100.0 * e.soc,
            load_w=e.load_w,
            losses_w=error_w,
            total_import_kwh=e.import_j / JOULE_PER_KWH,
            total_export_kwh=e.export_j / JOULE_PER_KWH,
        )

    def section(self) -> list[dict[str, Any]]:
        """`devices.rs485` of the site file that leads the program here."""
        return section(self.inverter.link.parent)

    def start(self) -> VirtualRs485:
        """Plugs both adapters in."""
        self.inverter.start()
        self.meters.start()
        return self

    def stop(self) -> None:
        """Takes both away."""
        self.inverter.stop()
        self.meters.stop()

    def __enter__(self) -> VirtualRs485:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
