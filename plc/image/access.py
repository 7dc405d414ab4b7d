"""revpimodio2 on our own handle, for our own modules only.

No autorefresh and none of its loops: one read and one write per scan in the scan's thread. Devices
that the wiring map does not name are left out, so that their outputs, which belong to somebody else,
are never written, and a duplicate name among them cannot stop us.

The library offers no public way to give it a handle or a part of a configuration except to derive
from it, which is how its own variants do it (`_create_myfh`, `_configure`).
"""

from __future__ import annotations

import logging
import warnings
from typing import Any

from plc.image.image_file import ImageFault, ImageFile
from plc.image.pictory import Pictory

log = logging.getLogger(__name__)

with warnings.catch_warnings():  # the library changes the filters of the whole program
    import revpimodio2


class Access(revpimodio2.RevPiModIO):  # type: ignore[misc]
    """The library's object. Constructing it writes the base module's LED and error limits."""

    def __init__(self, file: ImageFile, pictory: Pictory, positions: tuple[int, ...]) -> None:
        self._our_file = file
        with warnings.catch_warnings(record=True) as notes:
            warnings.simplefilter("always")
            try:
                super().__init__(
                    autorefresh=False,
                    syncoutputs=False,
                    procimg=file.path,
                    configrsc=pictory.file,
                    debug=False,
                )
                self._configure(_reduced(pictory, positions))
            except ImageFault:
                raise
            except Exception as error:
                raise ImageFault(f"revpimodio2 refuses the configuration: {error}") from error
            self.debug = -1  # faults are exceptions here, not warnings
        for note in notes:
            log.info("revpimodio2: %s", note.message)

    def _create_myfh(self) -> ImageFile:
        self._buffedwrite = False
        return self._our_file


def _reduced(pictory: Pictory, positions: tuple[int, ...]) -> dict[str, Any]:
    """The configuration with our devices alone, in the spelling that the library expects."""
    devices = []
    for position in positions:
        device = pictory.at(position)
        if device is None:
            raise ImageFault(f"no module at position {position} in {pictory.file}")
        devices.append({**device.raw, "position": str(device.position), "offset": device.offset})
    summary = {"inpTotal": pictory.inp_total or 0, "outTotal": pictory.out_total or 0}
    app = {"name": "PiCtory", "version": "", "saveTS": "20000101000000", "language": "en", "layout": {}}
    return {"App": app, "Summary": summary, "Devices": devices, "Connections": []}
