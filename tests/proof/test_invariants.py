"""The judges judged: each invariant has one story that only it can object to.

A plant that is recorded while it starts and heats gives the inputs and outputs of good scans; each story
changes as little of them as its invariant needs. A line of the invariants that is taken out leaves its story
without an objection, and that is a failure here.
"""

import ast
import dataclasses
import inspect
from pathlib import Path

import pytest

from plc.blocks.core import NEVER, Reading
from plc.plant.interface import Command, WallTime
from tests.plant.invariants import BrokenError, Invariants
from tests.plant.language import Rig, parameters

STOPPED = {"m1_enable": False, "m2_enable": False}
OPENED = {"k10_fb": False, "k11_fb": False}
_RECORDED: list = []


def recorded():
    """(inputs, outputs, now_ns) of every scan from power-up to heating."""
    if not _RECORDED:
        p = parameters(request={"power_w": 6400.0}, miners={"min_off_s": 300.0, "ramp_timeout_s": 300.0})
        rig = Rig(p, scan_ms=500)
        rig.watchers.append(lambda inputs, outputs: _RECORDED.append((inputs, outputs, rig.now_ns, p)))
        rig.given(mode_auto=True)
        rig.until(1200.0, "HEAT_BUFFER")
        rig.leap(60.0)
    return _RECORDED


class Story:
    """Good scans so far; `scan` adds one that may differ in some values."""

    def __init__(self, until=lambda outputs: False):
        scans = recorded()
        end = next((n for n, scan in enumerate(scans) if until(scan[1])), len(scans))
        self.watch = Invariants(scans[0][3])
        for inputs, outputs, now_ns, _ in scans[:end]:
            self.watch(inputs, outputs, now_ns)
        self.inputs, self.outputs, self.now_ns, self.p = scans[min(end, len(scans) - 1)]
        self.now_ns -= 0 if end == len(scans) else 500_000_000

    def scan(self, seconds=0.5, *, times=1, wall=None, commands=(), status=None, tank=NEVER, **values):
        for _ in range(times):
            self.now_ns += round(seconds * 1e9)
            image, read = self.outputs.image, self.inputs.image
            written = {name: value for name, value in values.items() if hasattr(image, name)}
            seen = {name: value for name, value in values.items() if hasattr(read, name)}
            assert len(written) + len(seen) == len(values)
            inputs = dataclasses.replace(
                self.inputs,
                image=dataclasses.replace(read, **seen),
                wall=wall or self.inputs.wall,
                commands=commands,
                t_dhw_degc=tank,
            )
            outputs = dataclasses.replace(
                self.outputs,
                image=image._replace(**written),
                status=self.outputs.status._replace(**(status or {})),
            )
            self.watch(inputs, outputs, self.now_ns)
        return self


def heating():
    return Story()


def stopped():
    """Everything is off and open, in the state that the story names."""
    story = Story()
    story.outputs = dataclasses.replace(story.outputs, image=story.outputs.image._replace(**STOPPED))
    story.inputs = dataclasses.replace(story.inputs, image=dataclasses.replace(story.inputs.image, **OPENED))
    return story


def with_a_tank():
    """The same house with a sensor in its hot water tank."""
    story = stopped()
    story.watch.p = dataclasses.replace(story.p, dhw=dataclasses.replace(story.p.dhw, present=True))
    return story


def about_to_enable():
    """The next scan is the one that closes the first contactor."""
    return Story(until=lambda outputs: outputs.image.m1_enable or outputs.image.m2_enable)


def recooling():
    """The fan runs as it should: RV1 driven to B, P5 before the fan."""
    story = stopped()
    story.scan(times=200, rv1_a=False, rv1_b=True, p5_setpoint_pct=50.0, status={"state": "COOLDOWN"})
    return story


FAN = {"rv1_a": False, "rv1_b": True, "p5_setpoint_pct": 50.0, "cooler_on": True}
FAULT = {"state": "FAULT", "alarms": ("A-005",)}
BLOCK = {"hp_block": True}


def request_from_before(story):
    story.scan(status=FAULT)
    story.scan(1.0, times=310, status={"state": "PRECIRC"})
    story.scan(m1_enable=True, status={"power_source": "home"})


def skipped_sequence(story):
    story.scan(1.0, times=310, status=FAULT)
    story.scan(m1_enable=True)


def day_used_up(story):
    story.scan(60.0, times=370, grid_block=True)
    story.scan(60.0, times=40)
    story.scan(**BLOCK)


def too_many_blocks(story):
    for _ in range(6):
        story.scan(60.0, grid_block=True)
        story.scan(60.0, times=40)
    story.scan(**BLOCK)


def too_long_a_block(story):
    story.scan(60.0, times=60)
    story.scan(60.0, times=122, **BLOCK)


def fan_without_p5(story):
    story.scan(**FAN)
    story.scan(**{**FAN, "p5_setpoint_pct": 0.0})


def one(**changes):
    return lambda story: story.scan(**changes)


def long(seconds, **changes):
    return lambda story: story.scan(times=round(2 * seconds), **changes)


STORIES = [
    ("both directions of RV1", heating, one(rv1_a=True, rv1_b=True)),
    ("both directions of RV2", heating, one(rv2_a=True, rv2_b=True)),
    ("enable without healthy modules", heating, one(dio_healthy=False)),
    ("enable without healthy modules", heating, one(aio_healthy=False)),
    ("enable without SAFETY_OK", heating, one(safety_ok=False)),
    ("enable without TEMP_MAX_OK", heating, one(temp_max_ok=False)),
    ("enable without flow", heating, long(4, flow_ok=False)),
    ("enable without P3", heating, one(p3_on=False)),
    ("enable without P4 at minimum", heating, one(p4_setpoint_pct=10.0)),
    ("enable in STANDBY", heating, one(status={"state": "STANDBY"})),
    ("enable without key at AUTO", heating, one(mode_auto=False)),
    ("enable without key at AUTO", heating, one(mode_maint=True)),
    ("enable without oil temperature", heating, one(t_oil_degc=NEVER)),
    ("first enable with warm oil", about_to_enable, one(t_oil_degc=Reading.good(58.0, 0))),
    ("enable with hot oil", heating, long(7, t_oil_degc=Reading.good(64.0, 0))),
    ("start with RV1 not at B", about_to_enable, one(status={"route": "recool"})),
    ("start with RV2 not at B", about_to_enable, one(status={"route": "dhw"})),
    ("start on a request from before the trip", stopped, request_from_before),
    ("minimum off time of miner 1", stopped, lambda s: s.scan().scan(m1_enable=True)),
    ("minimum off time of miner 2", stopped, lambda s: s.scan().scan(m2_enable=True)),
    ("enable without a start sequence", stopped, skipped_sequence),
    ("first enable in COOLDOWN", about_to_enable, one(status={"state": "COOLDOWN"})),
    ("P3 stops under a closed contactor", stopped, one(k10_fb=True, p3_on=False)),
    ("P3 stops under a closed contactor", stopped, one(k11_fb=True, p3_on=False)),
    (
        "contactor closed without P3",
        stopped,
        lambda s: s.scan(p3_on=False).scan(20.0, k10_fb=True, p3_on=False),
    ),
    (
        "contactor closed without P4",
        stopped,
        long(70, k10_fb=True, p4_setpoint_pct=0.0, status={"alarms": ("A-012",)}),
    ),
    ("P3 stops with SAFETY_OK", stopped, one(safety_ok=False, p3_on=False, status=FAULT)),
    ("fan without RV1 at B", stopped, one(cooler_on=True, p5_setpoint_pct=50.0)),
    (
        "fan before P5 is proven",
        recooling,
        lambda s: s.scan(**{**FAN, "cooler_on": False, "p5_setpoint_pct": 0.0}).scan(**FAN),
    ),
    ("fan without P5", recooling, fan_without_p5),
    ("fan with a cooler fault", recooling, one(**FAN, cooler_ok=False)),
    ("fan without P3", recooling, one(**FAN, p3_on=False)),
    ("fan while RV1 drives to A", recooling, one(**{**FAN, "rv1_a": True, "rv1_b": False})),
    ("K7 in FAULT", stopped, one(**BLOCK, status=FAULT)),
    ("K7 without a clock", stopped, one(**BLOCK, wall=WallTime(1_700_000_000, 3600, False))),
    *[
        (f"K7 without {name}", stopped, one(**BLOCK, **{name: NEVER}))
        for name in ("t_buffer_top_degc", "t_buffer_bottom_degc", "t_outdoor_degc")
    ],
    ("K7 in great cold", stopped, one(**BLOCK, t_outdoor_degc=Reading.good(-30.0, 0))),
    ("K7 with a cold buffer", stopped, one(**BLOCK, t_buffer_bottom_degc=Reading.good(7.0, 0))),
    ("K7 without a tank temperature", with_a_tank, one(**BLOCK, tank=NEVER)),
    ("K7 over a cold tank", with_a_tank, one(**BLOCK, tank=Reading.good(44.0, 0))),
    ("hot water from nobody knows where", with_a_tank, one(tank=NEVER, status={"state": "HEAT_DHW"})),
    ("hot water from nobody knows where", stopped, one(status={"state": "HEAT_DHW"})),
    ("K7 beyond its longest", stopped, too_long_a_block),
    ("K7 without its free time", stopped, one(**BLOCK)),
    ("K7 beyond its time of the day", stopped, day_used_up),
    ("K7 beyond its blocks of the day", stopped, too_many_blocks),
    ("enable without an answer", heating, long(4, k10_fb=False)),
    ("enable without an answer", heating, long(4, k11_fb=False)),
    ("welded without A-012", stopped, long(4, k10_fb=True)),
    ("welded without A-012", stopped, long(4, k11_fb=True)),
    ("P3 without flow goes on", stopped, long(26, flow_ok=False, status={"state": "PRECIRC"})),
    ("FAULT without an alarm", stopped, long(12, status={"state": "FAULT", "alarms": ()})),
    ("set point is not a number", stopped, one(p4_setpoint_pct=float("nan"))),
    ("set point is not a number", stopped, one(p5_setpoint_pct=float("inf"))),
    ("outside its range", stopped, one(p4_setpoint_pct=12.0)),
    ("outside its range", stopped, one(p5_setpoint_pct=101.0)),
    ("heartbeat in a sick scan", stopped, one(aio_healthy=False, heartbeat=True)),
    ("heartbeat in a sick scan", stopped, one(dio_healthy=False, heartbeat=True)),
]

HARMLESS = [
    (heating, one()),
    (heating, long(1, flow_ok=False)),
    (heating, long(2, t_oil_degc=Reading.good(64.0, 0))),
    (heating, one(t_oil_degc=Reading.good(58.0, 0))),
    (heating, one(k10_fb=False)),
    (about_to_enable, one()),
    (stopped, long(2, k10_fb=True)),
    (stopped, long(60, k10_fb=True, status={"alarms": ("A-012",)})),
    (stopped, long(4, status={"state": "FAULT", "alarms": ()})),
    (stopped, long(20, flow_ok=False, status={"state": "PRECIRC"})),
    (stopped, long(60, flow_ok=False, status={"state": "STANDBY"})),
    (stopped, one(p3_on=False, status={"state": "OFF"})),
    (stopped, lambda s: s.scan(p3_on=False).scan(1.0, k10_fb=True, p3_on=False)),
    (recooling, long(60, **FAN)),
    (stopped, one(aio_healthy=False, heartbeat=False)),
    (stopped, lambda s: s.scan(60.0, times=60).scan(60.0, times=115, **BLOCK)),
    (
        with_a_tank,
        lambda s: s.scan(60.0, times=60, tank=Reading.good(45.0, 0)).scan(
            **BLOCK, tank=Reading.good(45.0, 0)
        ),
    ),
    (
        with_a_tank,
        lambda s: s.scan(60.0, times=60).scan(**BLOCK, tank=Reading.good(40.0, 0), status={"route": "dhw"}),
    ),
    (
        stopped,
        lambda s: (
            s.scan(status=FAULT)
            .scan(1.0, times=310, status={"state": "PRECIRC"})
            .scan(commands=(Command("power_request", 6400.0, "home", 0),), status={"state": "PRECIRC"})
            .scan(m1_enable=True, k10_fb=True, status={"power_source": "home"})
        ),
    ),
]
"""As near to the edge as it may be."""


@pytest.mark.parametrize(("objection", "begin", "tell"), STORIES)
def test_an_invariant_objects_to_its_story(objection, begin, tell):
    story = begin()
    with pytest.raises(BrokenError, match=objection):
        tell(story)


@pytest.mark.parametrize(("begin", "tell"), HARMLESS)
def test_what_is_just_allowed_is_no_objection(begin, tell):
    tell(begin())


def test_every_line_that_objects_has_a_story_of_its_own():
    source = inspect.getsource(Invariants)
    first = inspect.getsourcelines(Invariants)[1]
    lines = {
        node.lineno + first - 1: ast.unparse(node.args[1])
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "self.require"
    }
    file = str(Path(inspect.getfile(Invariants)))
    for _, begin, tell in STORIES:
        story = begin()
        try:
            tell(story)
        except BrokenError as broken:
            frame = broken.__traceback__
            while frame is not None:
                if frame.tb_frame.f_code.co_filename == file:
                    lines.pop(frame.tb_lineno, None)
                frame = frame.tb_next
    assert not lines, f"taken out, these would not be missed: {lines}"
