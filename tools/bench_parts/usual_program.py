"""The way a RevPi program is usually written, as the peer of `tools/bench crash`.

autorefresh, handlesignalend and cycleloop, as in the library's own examples; it switches outputs on and
then meets the same faults as our controller. Nothing in it is done badly on purpose.
"""

import json
import os
import sys
import time

import revpimodio2

OUTPUTS = ("P3_ON", "M1_ENABLE")


def main(image: str, config_rsc: str, fault: str, announce: int) -> None:
    revpi = revpimodio2.RevPiModIO(autorefresh=True, procimg=image, configrsc=config_rsc)
    revpi.handlesignalend()
    cycles = 0

    def cycle(tools: revpimodio2.Cycletools) -> None:
        nonlocal cycles
        for name in OUTPUTS:
            tools.io[name].value = True
        cycles += 1
        if cycles == 20:
            line = {"fault": fault, "t_ns": time.monotonic_ns(), "pid": os.getpid()}
            os.write(announce, (json.dumps(line) + "\n").encode())
            if fault == "raise":
                raise RuntimeError("fault on purpose")
            while fault == "hang":
                pass

    revpi.cycleloop(cycle, cycletime=50)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
