"""Rules between the fields of a device file that types and ranges cannot express."""

from __future__ import annotations

from dataclasses import dataclass

from plc.field.rs485.devicetype import TARGETS, CheckKind, DeviceType, covers


@dataclass(frozen=True, slots=True)
class Fault:
    """One broken rule, with the path of the entry in the file."""

    path: tuple[str | int, ...]
    found: str
    allowed: str
    next_step: str


def faults(kind: DeviceType) -> list[Fault]:
    """Rules between fields that types and ranges cannot express."""
    return [*_block_faults(kind), *_value_faults(kind), *_name_faults(kind)]


def _block_faults(kind: DeviceType) -> list[Fault]:
    found: list[Fault] = []
    lengths: dict[int, str] = {}
    for name, block in kind.blocks.items():
        at = ("blocks", name, "count")
        if block.count > kind.max_registers:
            found.append(
                Fault(
                    at,
                    f"{block.count} registers in one request",
                    f"up to {kind.max_registers} (max_registers)",
                    "split the block in two of different length",
                )
            )
        if block.start + block.count > 0x10000:
            found.append(
                Fault(at, f"a block that ends at {block.start + block.count - 1}", "addresses up to 65535",
                      "lower start or count")
            )  # fmt: skip
        if block.count in lengths:
            found.append(
                Fault(at, f'the same length as block "{lengths[block.count]}"',
                      "a different length for every block: a late answer must not fit the next request",
                      "read one register more or less")
            )  # fmt: skip
        lengths[block.count] = name
    balanced = any(check.kind is CheckKind.BALANCE for check in kind.checks.values())
    found += [
        Fault(("blocks", name, "dark_ok"), "zeros that are believed, and nothing that could contradict them",
              "dark_ok beside a check of kind balance", "add the balance, or drop dark_ok")
        for name, block in kind.blocks.items()
        if block.dark_ok and not balanced
    ]  # fmt: skip
    if not kind.blocks:
        found.append(Fault(("blocks",), "no block", "at least one block", "add a block with start and count"))
    if kind.identity and kind.identity not in kind.blocks:
        found.append(
            Fault(
                ("identity",), f'the block "{kind.identity}"', "a name from blocks", "name the identity block"
            )
        )
    return found


def _value_faults(kind: DeviceType) -> list[Fault]:
    found: list[Fault] = []
    for name, value in kind.values.items():
        at = ("values", name, "address")
        if isinstance(value.address, tuple) and len(value.address) != value.words:
            found.append(
                Fault(at, f"{len(value.address)} addresses", f"{value.words} for type {value.type}",
                      "list the address of every word")
            )  # fmt: skip
            continue
        if any(not 0 <= address <= 0xFFFF for address in value.addresses):
            found.append(Fault(at, f"register {value.address}", "0 to 65535", "write the wire address"))
        elif not any(covers(block, value) for block in kind.blocks.values()):
            found.append(
                Fault(at, f"register {value.address}, which no block reads", "a register inside a block",
                      "widen a block or add one")
            )  # fmt: skip
        if value.low is not None and value.high is not None and value.low >= value.high:
            found.append(
                Fault(
                    ("values", name, "high"),
                    f"high {value.high:g} with low {value.low:g}",
                    "high above low",
                    "swap or repair the limits",
                )
            )
    return found


def _name_faults(kind: DeviceType) -> list[Fault]:
    found: list[Fault] = []
    names = {*kind.values, *kind.derived, *kind.choices}

    def known(path: tuple[str | int, ...], name: str) -> None:
        if name not in names:
            found.append(
                Fault(path, f'the value "{name}"', "a name from values or derived", "repair the name")
            )

    for name, derived in kind.derived.items():
        if name in kind.values:
            found.append(
                Fault(("derived", name), f'"{name}" as value and as sum', "one of both", "rename one of them")
            )
        for part in derived.sum:
            if part not in kind.values:
                known(("derived", name, "sum"), part)
    for name, options in kind.choices.items():
        for option, target in options.items():
            if target not in kind.values:
                known(("choices", name, option), target)
    for name, check in kind.checks.items():
        power = (check.power,) if check.kind is CheckKind.RATIO else ()
        used = (*check.suspects, *check.terms, *(part for pair in check.products for part in pair), *power)
        used += (check.anchor,) if check.anchor else ()
        for part in used:
            known(("checks", name), part)
    for name in kind.liveness:
        known(("liveness",), name)
    for role, feeds in kind.roles.items():
        for target, name in feeds.items():
            known(("roles", role, target), name)
            if target not in TARGETS:
                found.append(
                    Fault(("roles", role, target), f'the field "{target}"', "one of " + ", ".join(TARGETS),
                          "name a field of the plant's inputs; other values are published by their own name")
                )  # fmt: skip
    return found
