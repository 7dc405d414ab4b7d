"""Function blocks: IEC 61131-3 standard blocks and blocks of a heating plant. Pure: no I/O, no clock."""

from plc.blocks.block_relay import BlockRelay, BlockStatus
from plc.blocks.budget import EventBudget, StartsPerHour, WindowBudget
from plc.blocks.contactor import Contactor, ContactorStatus
from plc.blocks.core import NEVER, NS_PER_MS, NS_PER_S, Block, Origin, Quality, Reading, State, Tick, ns
from plc.blocks.duty import AntiSeize, MinTimes, RunHours, StartCounter
from plc.blocks.fan import Fan, FanStatus
from plc.blocks.logic import CTD, CTU, CTUD, F_TRIG, R_TRIG, RS, SR
from plc.blocks.panel import Heartbeat, Horn, Lamp, LampMode
from plc.blocks.pump import Curve, OnOffPump, PumpStatus, VoltagePump, volts
from plc.blocks.signal import PI, Hysteresis, MovingMean, Ramp, Scale, limit
from plc.blocks.timers import TOF, TON, TP
from plc.blocks.valve import Drive, ThreePointValve, ValveStatus

__all__ = [
    "CTD",
    "CTU",
    "CTUD",
    "F_TRIG",
    "NEVER",
    "NS_PER_MS",
    "NS_PER_S",
    "PI",
    "RS",
    "R_TRIG",
    "SR",
    "TOF",
    "TON",
    "TP",
    "AntiSeize",
    "Block",
    "BlockRelay",
    "BlockStatus",
    "Contactor",
    "ContactorStatus",
    "Curve",
    "Drive",
    "EventBudget",
    "Fan",
    "FanStatus",
    "Heartbeat",
    "Horn",
    "Hysteresis",
    "Lamp",
    "LampMode",
    "MinTimes",
    "MovingMean",
    "OnOffPump",
    "Origin",
    "PumpStatus",
    "Quality",
    "Ramp",
    "Reading",
    "RunHours",
    "Scale",
    "StartCounter",
    "StartsPerHour",
    "State",
    "ThreePointValve",
    "Tick",
    "ValveStatus",
    "VoltagePump",
    "WindowBudget",
    "limit",
    "ns",
    "volts",
]
