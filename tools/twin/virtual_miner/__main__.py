"""A virtual miner by itself, for trying a client: `python -m tools.twin.virtual_miner --port 50051`.

Reads one order per line from stdin: `fault NAME [VALUE]`, `clear`, `network MODE`, `supply on|off`,
`revoke`, `reboot`, `state`; ends with the end of the input.
"""

from __future__ import annotations

import argparse
import sys

from tools.twin.virtual_miner.front import Mode
from tools.twin.virtual_miner.machine import Machine
from tools.twin.virtual_miner.server import VirtualMiner


def obey(miner: VirtualMiner, words: list[str]) -> str:
    """Carries one order out and says what is so now. Raises ValueError for an order it does not know."""
    if words[0] == "fault":
        value = words[2] if len(words) > 2 else "True"
        kind = type(getattr(miner.faults, words[1], True))
        miner.faults.set(words[1], value.lower() in ("true", "1") if kind is bool else kind(value))
    elif words[0] == "clear":
        miner.faults.clear()
    elif words[0] == "network":
        miner.network(Mode(words[1]))
    elif words[0] == "supply":
        miner.supply(words[1] == "on")
    elif words[0] == "revoke":
        miner.revoke_tokens()
    elif words[0] == "reboot":
        miner.reboot_spontaneously()
    elif words[0] != "state":
        raise ValueError(f"unknown order {words[0]!r}")
    unit = miner.unit
    return (
        f"{miner.now_s:.0f} s, status {unit.status}, target {unit.saved_target_w:.0f} W, {unit.power_w:.0f} W"
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.twin.virtual_miner", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="TCP port on 127.0.0.1, 0 = any free one")
    parser.add_argument("--speed", type=float, default=1.0, help="virtual seconds per second")
    parser.add_argument("--running-s", type=float, default=0.0, help="has had supply for so many seconds")
    options = parser.parse_args()
    with VirtualMiner(Machine(), port=options.port) as miner:
        miner.advance(options.running_s)
        miner.run_at(options.speed)
        print(f"SIMULATED miner on {miner.host}:{miner.port}, user root, password root", flush=True)
        for line in sys.stdin:
            if words := line.split():
                try:
                    print(obey(miner, words), flush=True)
                except (ValueError, IndexError) as error:
                    print(f"not understood: {error}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
