"""Virtual Modbus devices on pseudo-terminals: inverter and meters with line time and faults.

Shares no code with the driver on purpose: two implementations of the same protocol check each other.
"""

from tools.twin.modbus_devices.deye import VirtualDeye
from tools.twin.modbus_devices.faults import Fault, Faults
from tools.twin.modbus_devices.house import House
from tools.twin.modbus_devices.line import VirtualBus
from tools.twin.modbus_devices.meter import VirtualMeter

__all__ = ["Fault", "Faults", "House", "VirtualBus", "VirtualDeye", "VirtualMeter"]
