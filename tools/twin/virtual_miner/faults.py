"""The switches of a virtual miner that misbehaves: set at run time, from any thread, by name.

Faults of the wire (refused, silent, hanging, half-open, garbage) are modes of the front door
(`front.Mode`), because a server cannot fake those from the inside.
"""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(slots=True)
class Faults:
    """One switch per known misbehaviour; the defaults are a healthy miner."""

    wrong_password: bool = False  # every login is refused
    tokens_useless: bool = False  # login works, the token is then refused
    refuse_login_code: str = "UNAUTHENTICATED"
    slow_response_s: float = 0.0  # wall seconds before every answer
    hang: bool = False  # the server process stopped: accepts, never answers
    garbage_payload: bool = False  # gRPC is fine, the message inside is not
    target_error: str = ""  # status code name that every power write gets
    write_error: str = ""  # status code name that pause and resume get
    stuck_after_resume: bool = False  # resume is accepted, nothing starts
    pause_ignored: bool = False
    target_ignored: bool = False  # the write is accepted and echoed, nothing changes
    active_ignored: bool = False  # the target is saved, but the power stays where it was
    dps_steps: int = 0  # the firmware took so many power steps away because it is hot
    sensor_missing: bool = False  # one board has no temperature
    sensors_all_missing: bool = False
    sensor_frozen: bool = False
    hashboard_lost: bool = False
    fan_missing: bool = False  # air cooling: no fan, no mining
    overheat_k: float = 0.0  # added to the board temperature
    pool_dead: bool = False
    stuck_after_pool: bool = False  # no work before the mining process was restarted
    no_work_holds_power: bool = False  # without work: heat goes on (True) or collapses (False)
    no_work_status_normal: bool = False  # without work the status stays NORMAL
    restricted: bool = False  # licence: hashes at -5 %, reports RESTRICTED
    ac_stuck_closed: bool = False  # the contactor is welded: supply stays
    clock_2015: bool = False  # no time server: error history is stamped 2015
    status_unknown: int = 0  # status number of a future firmware
    tuner_unknown: int = 0
    power_stats_missing: bool = False
    profile_missing: bool = False
    curve: str = ""  # efficiency profile: a key of service.CURVES, or a status code that it gets

    def set(self, name: str, value: object = True) -> None:
        """Sets a switch by its name; raises ValueError for a name that does not exist."""
        if name not in {field.name for field in fields(self)}:
            raise ValueError(
                f"unknown miner fault {name!r}; known: {', '.join(f.name for f in fields(self))}"
            )
        setattr(self, name, value)

    def clear(self) -> None:
        """Back to a healthy miner."""
        healthy = Faults()
        for field in fields(self):
            setattr(self, field.name, getattr(healthy, field.name))
