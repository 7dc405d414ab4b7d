"""`miner status`: what a miner says about itself, for commissioning. Reads only; nothing is written to it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from plc.exits import Exit, ExitError
from plc.field.miner import efficiency, levels, secret
from plc.field.miner.model import (
    ApiError,
    Configuration,
    Constraints,
    Details,
    EfficiencyPoint,
    Failure,
    MinerApi,
)
from plc.field.miner.settings import MinerSettings

DEFAULTS = MinerSettings(host="", secret="")  # the site file may narrow these


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Registers the command."""
    command = subparsers.add_parser("miner", help="look at a miner", description=__doc__)
    actions = command.add_subparsers(title="actions", required=True, metavar="ACTION")
    status = actions.add_parser(
        "status",
        help="version, state, limits, temperatures, pools",
        description="Asks a miner for all that the controller reads. Without a secret: its version only.",
    )
    status.add_argument("--host", required=True, help="IP address of the miner")
    status.add_argument("--port", type=int, default=50051, help="gRPC port, 50051 unless changed")
    status.add_argument("--user", default="root")
    status.add_argument("--secret", default="", help="file with the password (mode 0600) or credential:NAME")
    status.add_argument("--json", action="store_true", help="one JSON object as the last line")
    status.set_defaults(handler=handle)


def handle(arguments: argparse.Namespace) -> int:
    """Exit 0: everything could be read. 1: no answer, or refused. 2: no usable secret."""
    from plc.field.miner.api import GrpcMiner

    address = MinerSettings(host=arguments.host, secret="", port=arguments.port).address
    api = GrpcMiner(address)
    try:
        facts = {"address": address, "version": str(api.version())}
        if arguments.secret:
            facts |= read_all(api, arguments.user, secret.load(arguments.secret).reveal())
    except secret.SecretError as error:
        raise ExitError(Exit.USAGE, str(error)) from error
    except ApiError as error:
        raise ExitError(Exit.INTERNAL, f"{address}: {error}. {_advice(error)}") from error
    finally:
        api.close()
    print("\n".join(words(facts)))
    if arguments.json:
        print(json.dumps(facts, sort_keys=True))
    return Exit.OK


def read_all(api: MinerApi, user: str, password: str) -> dict[str, Any]:
    """Everything the driver reads; parts that this firmware does not offer say so. Raises ApiError."""
    api.use_token(api.login(user, password))
    details, configuration, limits = api.details(), api.configuration(), api.constraints()
    ladder = levels.build(limits, DEFAULTS.power_min_w, DEFAULTS.power_max_w, ())
    parts: dict[str, Callable[[], Any]] = {
        "stats": api.stats,
        "tuner": api.tuner,
        "boards": api.boards,
        "pools": api.pools,
        "errors": api.errors,
    }
    facts = _plain(details=details, configuration=configuration, constraints=limits)
    facts["levels_w"] = list(ladder.watts)
    found = notes(details, configuration, limits)

    def curve() -> tuple[EfficiencyPoint, ...]:
        points = api.efficiency()
        try:
            efficiency.judged(points, limits, details)
        except efficiency.NoProfile as why:
            found.append(f"its efficiency curve is not believed ({why}); that of the site file counts")
        return points

    parts["efficiency"] = curve
    for name, make in parts.items():
        try:
            facts |= _plain(**{name: make()})
        except ApiError as error:
            if error.failure is not Failure.UNIMPLEMENTED:
                raise
            facts[name] = "not offered by this firmware"
    facts["notes"] = found
    return facts


def notes(details: Details, configuration: Configuration, limits: Constraints) -> list[str]:
    """What somebody should look at before this miner heats a house."""
    found = []
    if configuration.cooling is not DEFAULTS.cooling:
        found.append(f"cooling mode is {configuration.cooling.value}; an oil bath needs immersion")
    if configuration.power_mode is False:
        found.append("the tuner follows a hashrate target; set it to a power target in the miner's page")
    if configuration.dps_shutdown is False:
        found.append("scaling when hot has no shutdown; as a second thermal layer it should")
    if limits.min_w is None or limits.max_w is None:
        found.append("the firmware does not tell its power limits; the site's limits count alone")
    if not details.process_uptime_s:
        found.append("the mining process does not run")
    return found


def words(facts: dict[str, Any]) -> list[str]:
    """The facts as lines for people: one group a line, absent values as `-`."""
    lines = []
    for group, value in facts.items():
        if isinstance(value, dict):
            lines.append(f"{group:14}" + "  ".join(f"{name} {_word(item)}" for name, item in value.items()))
        elif value and isinstance(value, list) and isinstance(value[0], dict):
            lines.append(f"{group:14}{len(value)} entries")
            lines += [f"    {_word(item)}" for item in value]
        elif isinstance(value, list):
            lines.append(f"{group:14}" + (", ".join(str(item) for item in value) or "none"))
        else:
            lines.append(f"{group:14}{value}")
    return lines


def _word(value: Any) -> str:
    if isinstance(value, dict):
        return "  ".join(f"{name} {_word(item)}" for name, item in value.items())
    if isinstance(value, float):
        return f"{value:g}"
    return "-" if value is None or value == "" else str(value)


def _plain(**parts: Any) -> dict[str, Any]:
    return {
        name: [asdict(item) for item in part] if isinstance(part, tuple) else asdict(part)
        for name, part in parts.items()
    }


def _advice(error: ApiError) -> str:
    return {
        Failure.UNREACHABLE: "Is it powered, in this network, and is this its port?",
        Failure.TIMEOUT: "It is reachable at most; a restart of its control board may be needed.",
        Failure.AUTH: "User or password is wrong; try it in the miner's own page.",
    }.get(error.failure, "See the miner's own page.")
