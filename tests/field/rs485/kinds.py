"""Device files of the program, loaded once for all tests of this folder."""

from functools import cache
from pathlib import Path

from plc.devicefiles import device_paths, load_device_file
from plc.field.rs485.devicetype import DeviceType


@cache
def kind(name: str) -> DeviceType:
    loaded, problems = load_device_file(device_paths()[name])
    assert loaded is not None, "\n".join(map(str, problems))
    return loaded


@cache
def all_kinds() -> dict[str, DeviceType]:
    return {name: kind(name) for name in device_paths()}


FACTS = Path(__file__).parent / "facts"
