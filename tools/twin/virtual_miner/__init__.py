"""Virtual miners: real gRPC servers on loopback with a firmware model and every fault we know of.

Nothing here uses the generated stubs or any code of the driver: messages are encoded by hand in
`wire.py`, so the driver is tested against an independent peer and not against its own mistakes.
"""

from tools.twin.virtual_miner.faults import Faults
from tools.twin.virtual_miner.front import Mode
from tools.twin.virtual_miner.machine import Machine, MachineSettings, MachineState
from tools.twin.virtual_miner.server import VirtualMiner

__all__ = ["Faults", "Machine", "MachineSettings", "MachineState", "Mode", "VirtualMiner"]
