"""Is the cabinet of wiring.yaml the cabinet of config.rsc? Field by field, every difference explained.

Works on any PiCtory file: what it does not know it names and leaves alone. Order and reasons after the
RevPi reference, topic IO naming and io_map.
"""

from __future__ import annotations

from collections import Counter

from plc.image import modules
from plc.image.modules import CATALOGUE, IMAGE_BYTES, PRODUCT_NAMES, Io, ModuleType, Section
from plc.image.pictory import Device, Pictory
from plc.image.pictory_export import expected_settings
from plc.image.problem import Problem
from plc.image.wiring import Module, Wire, Wiring

_IN_PICTORY = "correct it in PiCtory, save, reset the driver and export again; or correct the wiring map"


def compare(wiring: Wiring, pictory: Pictory) -> list[Problem]:
    """Every difference that makes an address or a range a guess; empty when both agree."""
    return _Comparison(wiring, pictory).run()


class _Comparison:
    """One pass over the map against the file."""

    def __init__(self, wiring: Wiring, pictory: Pictory) -> None:
        self.wiring = wiring
        self.pictory = pictory
        self.problems: list[Problem] = []

    def run(self) -> list[Problem]:
        self._names()
        self._layout()
        used = {wire.channel.module for wire in self.wiring.wired() if wire.channel is not None}
        for module in self.wiring.modules:
            device = self._device(module)
            if device is None:
                continue
            if module.type in modules.BASE_TYPES:
                self._base(device, module)
            elif module.name in used:
                self._variants(device, module)
                self._settings(device, module)
                for wire in self.wiring.wired():
                    if wire.channel is not None and wire.channel.module == module.name:
                        self._wire(device, wire)
                self._defaults(device)
        return self.problems

    def _say(self, name: str, found: str, allowed: str, next_step: str = _IN_PICTORY) -> None:
        self.problems.append(
            Problem(self.pictory.file, self.pictory.line_of(name), found, allowed, next_step)
        )

    def _names(self) -> None:
        counted = Counter(name for name, _ in self.pictory.names())
        ours = {module.position for module in self.wiring.modules}
        for name, count in counted.items():
            places = [device.title for other, device in self.pictory.names() if other == name]
            positions = {device.position for other, device in self.pictory.names() if other == name}
            if count > 1 and positions & ours:
                self._say(
                    name,
                    f'the name "{name}" {count} times ({"; ".join(places)})',
                    "every name once",
                    "rename one of them in PiCtory",
                )

    def _layout(self) -> None:
        """Overlaps and totals: a file that contradicts itself was edited by hand or is damaged."""
        end, before = 0, ""
        for device in self.pictory.devices:
            if device.offset < end and device.length:
                self._say(
                    device.name,
                    f"{device.title} begins at byte {device.offset}, inside {before}",
                    f"byte {end} or later",
                    "save the configuration again in PiCtory",
                )
            if device.offset + device.length > end:
                end, before = device.offset + device.length, device.title
        if end > IMAGE_BYTES:
            self._say(
                "Devices", f"{end} bytes for all modules", f"at most {IMAGE_BYTES} bytes", "remove modules"
            )
        totals = {Section.INP: self.pictory.inp_total, Section.OUT: self.pictory.out_total}
        for section, told in totals.items():
            counted = sum(device.span(section)[1] for device in self.pictory.devices)
            if told is not None and told != counted:
                self._say(
                    "Summary",
                    f"{section.value}Total = {told}",
                    f"{counted}, the sum over the devices",
                    "save the configuration again in PiCtory",
                )

    def _device(self, module: Module) -> Device | None:
        device = self.pictory.at(module.position)
        product = f"{PRODUCT_NAMES[module.product_type]} (product type {module.product_type})"
        wanted = f"{product} for module {module.name}"
        if device is None:
            same = [d for d in self.pictory.devices if d.product_type == module.product_type]
            where = ", ".join(str(d.position) for d in same)
            name = PRODUCT_NAMES[module.product_type]
            hint = f"a {name} stands at position {where}: correct the position in the wiring map"
            self._say(
                "Devices", f"no module at position {module.position}", wanted, hint if same else _IN_PICTORY
            )
        elif device.product_type != module.product_type:
            self._say(device.name, device.title + f" (product type {device.product_type})", wanted)
            return None
        return device

    def _base(self, device: Device, module: Module) -> None:
        length = CATALOGUE[module.type].length
        if device.length != length:
            self._say(
                device.name,
                f"{device.title} with {device.length} bytes",
                f"{length} bytes",
                "choose the current version of the base module in PiCtory: older ones have no error counter",
            )

    def _variants(self, device: Device, module: Module) -> None:
        if module.type is not ModuleType.DIO:
            return
        for section, what, variant in (
            (Section.INP, "inputs", device.inp_variant),
            (Section.OUT, "outputs", device.out_variant),
        ):
            offset = 0 if section is Section.INP else 70
            word = device.find(section, offset, None)
            if word is not None or variant:
                self._say(
                    word.name if word else device.name,
                    f"{device.title}: {what} as one WORD",
                    f"{what} as single bits (BOOL)",
                    f"choose the variant BOOL for the {what} in PiCtory",
                )

    def _wire(self, device: Device, wire: Wire) -> None:
        if wire.channel is None:
            return
        place = wire.channel.io
        found = device.find(place.section, place.offset, place.bit)
        if found is None:
            if device.find(place.section, place.offset, None) is None:
                self._say(
                    device.name,
                    f"no entry for {wire.channel} in {device.title}",
                    f"{place.bits} bit at byte {place.offset}",
                )
            return
        if found.bits != place.bits:
            self._say(found.name, f"{wire.channel} with {found.bits} bit", f"{place.bits} bit")
        if found.name != wire.io_name:
            elsewhere = [d.title for name, d in self.pictory.names() if name == wire.io_name]
            hint = f"rename it in PiCtory, or correct io_name in {self.wiring.file}:{wire.line}"
            if elsewhere:
                hint = f'"{wire.io_name}" stands on {elsewhere[0]}: look which terminal is wired'
            self._say(
                found.name,
                f'{wire.channel} is called "{found.name}"',
                f'"{wire.io_name}" for {wire.name}',
                hint,
            )

    def _defaults(self, device: Device) -> None:
        """All outputs, also unused ones: the driver applies the defaults at every start."""
        for io in device.ios:
            if io.section is Section.OUT and not _is_zero(io):
                self._say(
                    io.name,
                    f'output "{io.name}" of {device.title} with the default {io.default}',
                    "0",
                    "set the default to 0 in PiCtory: the driver switches it on at every start",
                )

    def _settings(self, device: Device, module: Module) -> None:
        places = {io.name: io for io in CATALOGUE[module.type].ios if io.section is Section.MEM}
        for name, (wanted, why) in expected_settings(self.wiring, module).items():
            place = places[name]
            entry = device.find(Section.MEM, place.offset, None)
            value = device.parameter(place.offset)
            if value == wanted or (value is not None and _only_unused_bits(self.wiring, module, name, value)):
                continue
            told = entry.default if entry is not None else "nothing"
            shown = told if value is None else _meaning(name, value)
            self._say(
                entry.name if entry else device.name,
                f"{device.title}: {name} = {shown}",
                f"{_meaning(name, wanted)} ({why})",
                f"set {name} in PiCtory",
            )


def _only_unused_bits(wiring: Wiring, module: Module, name: str, value: int) -> bool:
    """Push-pull or PWM on outputs that we do not use is not our business."""
    if name not in ("OutputPushPull", "OutputPWMActive"):
        return False
    used = 0
    for wire in wiring.wired():
        if wire.channel is not None and wire.channel.module == module.name and wire.channel.terminal == "DO":
            used |= 1 << (wire.channel.number - 1)
    return not value & used


def _meaning(name: str, value: int) -> str:
    tables = {
        "Type": modules.RTD_TYPES,
        "Wiring": modules.RTD_WIRING,
        "Debounce": {number: word for word, number in modules.DEBOUNCE.items()},
        "InputMode": {0: "direct", 1: "counter, rising", 2: "counter, falling", 3: "encoder"},
    }
    if name.endswith("Range"):
        tables["Range"] = modules.AIO_OUTPUT_RANGES if name.startswith("Output") else modules.AIO_INPUT_RANGES
    for part, words in tables.items():
        if part in name and value in words:
            return f"{value} ({words[value]})"
    return str(value)


def _is_zero(io: Io) -> bool:
    try:
        return io.default == "" or int(io.default) == 0
    except ValueError:
        return False
