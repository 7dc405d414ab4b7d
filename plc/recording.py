"""The flight recorder as a part of the running program: what is recorded, where, and when it is kept.

The ring lives in the runtime directory and outlives a killed process, not a reboot; what matters later is
copied to the state directory: a run that died (found at the next start), a fault, an orderly stop. Beside it
the slow log: a line a minute, for what takes longer than a recording.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from plc import __version__
from plc.blocks.core import State, Tick
from plc.plant.interface import PlantInputs, PlantOutputs
from plc.plant.tables import table_names
from plc.site import Site
from plc.store.plain import plain
from plc.store.recording.recorder import Recorder, discard, rescue
from plc.store.slow_log import SlowLog

FAULT = "FAULT"


class Recording:
    """Service and hand-over of the recorder.

    state: takes the complete state of the present plant out; called in the scan, once a minute.
    """

    name = "recorder"

    def __init__(self, site: Site, ring: Path, disk: Path | None, state: Callable[[], State]) -> None:
        header = {
            "version": __version__,
            "site": site.site_id,
            "files": site.files,
            "parameters": plain(site.parameters),
            "routes": plain(site.routes),
            "tables": table_names(),
        }
        self._ring, self._disk = ring, disk
        self._recorder = Recorder(ring, disk, header, state)
        self._slow = SlowLog(disk)
        self._state = ""
        self.reason = "stop"  # why the run ends; part of the name of the copy that is kept

    def start(self) -> None:
        """Keeps what a run that died has left, then begins a ring of its own."""
        if self._disk is not None:
            rescue(self._ring, self._disk)
        self._recorder.start()
        self._slow.start()

    def begin(self, now_ns: int) -> None:
        """A plant was built; what follows is its history."""
        self._recorder.begin(now_ns)

    def scanned(self, tick: Tick, inputs: PlantInputs, outputs: PlantOutputs) -> None:
        """One more scan; the way into a fault is worth keeping whatever happens next."""
        self._recorder.scanned(tick, inputs, outputs)
        self._slow.scanned(tick, inputs, outputs)
        state = outputs.status.state
        if state == FAULT and self._state != FAULT:
            self._recorder.save("fault")
        self._state = state

    def restarted(self, now_ns: int, cause: str) -> None:
        """The recorder starts with the state of the new plant."""
        self._recorder.save(cause)
        self.begin(now_ns)

    def stop(self) -> None:
        """The slow log ends by itself; the recorder's end is written by `join`."""
        self._slow.stop()

    def join(self, seconds: float) -> bool:
        """Writes what is waiting, at most two seconds."""
        slow_ended = self._slow.join(seconds)  # the recorder bounds itself
        self._recorder.stop(self.reason)
        discard(self._ring)
        return slow_ended

    def health(self) -> Mapping[str, object]:
        """Scans missing since start, and what keeps recorder and slow log from writing."""
        return {
            "dropped": self._recorder.dropped + self._recorder.lost,
            "problem": self._recorder.failed,
            "slow_log_problem": self._slow.problem,
        }
