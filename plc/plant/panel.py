"""What a person at the cabinet sees and hears: lamps, horn, LEDs, and the heartbeat for relay K12."""

from __future__ import annotations

from plc.blocks.core import NS_PER_MS, NS_PER_S, Block, Tick
from plc.blocks.panel import Heartbeat, Horn, Lamp, LampMode
from plc.plant.alarms import Alarms
from plc.plant.facts import Facts
from plc.plant.parameters import Parameters
from plc.plant.states import RUN_STATES, WAITING, SequenceState

S = SequenceState


class Panel(Block):
    """Lamps, horn and heartbeat.

    step(tick, facts, alarms, state=, silence=, withhold=): withhold stops the heartbeat for the proof test.

    Outputs: heartbeat, horn, lamp_fault (flashing = nobody has acknowledged, steady = known), lamp_run
    (steady = running, slow = ready), reset_lamp (press the safety reset now), leds.
    """

    __slots__ = ("_heartbeat", "_horn", "_lamp_fault", "_lamp_run", "leds", "reset_lamp")

    STATE = ("_heartbeat", "_horn", "_lamp_fault", "_lamp_run", "leds", "reset_lamp")

    def __init__(self, parameters: Parameters) -> None:
        self._heartbeat = Heartbeat(parameters.scan.heartbeat_half_period_ms * NS_PER_MS / NS_PER_S)
        self._horn = Horn()
        self._lamp_fault = Lamp()
        self._lamp_run = Lamp()
        self.reset_lamp = False
        self.leds = ("off", "off")

    @property
    def heartbeat(self) -> bool:
        return self._heartbeat.out

    @property
    def horn(self) -> bool:
        return self._horn.out

    @property
    def lamp_fault(self) -> bool:
        return self._lamp_fault.out

    @property
    def lamp_run(self) -> bool:
        return self._lamp_run.out

    def step(
        self, tick: Tick, f: Facts, alarms: Alarms, *, state: SequenceState, silence: bool, withhold: bool
    ) -> None:
        self._heartbeat.step(tick, healthy=f.dio_healthy and f.aio_healthy and not withhold)
        self._horn.step(tick, alarm=alarms.horn, new_alarm=alarms.new_horn, silence=silence)
        faulty = state is S.FAULT or bool(alarms.listed)
        self._lamp_fault.step(tick, mode=_fault_mode(faulty=faulty, flashing=alarms.lamp))
        self._lamp_run.step(tick, mode=_run_mode(state))
        self.reset_lamp = f.reset_wanted
        field_ok = f.dio_healthy and not (f.mqtt_down or f.energy_stale or f.miner_stale)
        self.leds = ("red" if state is S.FAULT else "green", "green" if field_ok else "orange")


def _fault_mode(*, faulty: bool, flashing: bool) -> LampMode:
    if flashing:
        return LampMode.FLASH
    return LampMode.STEADY if faulty else LampMode.OFF


def _run_mode(state: SequenceState) -> LampMode:
    if state in RUN_STATES or state is S.PRECIRC:
        return LampMode.STEADY
    return LampMode.SLOW if state in WAITING or state is S.COOLDOWN else LampMode.OFF
