"""Parameters of the decision: tariff, revenue, battery, heat. One place for each number.

Defaults follow the plant reference, topic energy decision; all money is EUR per kWh, gross where a
household pays it. Whatever a bill or a data sheet decides is marked "commissioning".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from math import sqrt
from typing import Annotated, ClassVar

from plc.blocks.param import Ordered, Param

Number = float


class ImportKind(StrEnum):
    """How the household buys electricity."""

    FIXED = "fixed"
    WINDOWS = "windows"  # price depends on the local time of day (grid fee module 3, night tariff)
    DYNAMIC = "dynamic"  # quarter-hour spot price plus fees


class FeedInKind(StrEnum):
    """What a fed-in kWh earns."""

    FIXED = "fixed"
    MARKET = "market"  # direct marketing: spot
    NONE = "none"  # zero export or no contract


class Policy(StrEnum):
    """What the owner wants the miners for. Only `marginal` is economical in every world."""

    MARGINAL = "marginal"
    SURPLUS = "surplus"  # solar surplus costs nothing in the owner's eyes, everything else is forbidden
    HEAT_FIRST = "heat_first"  # whenever the buffer wants heat
    ALWAYS = "always"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Window:
    """A daily window of local time with its own import price; from_h after to_h wraps over midnight."""

    from_h: Annotated[Number, Param("h", 0, 24, "begins")]
    to_h: Annotated[Number, Param("h", 0, 24, "ends")]
    import_eur_per_kwh: Annotated[Number, Param("EUR/kWh", 0, 2, "gross price inside")]


@dataclass(frozen=True, slots=True)
class FeeWindow:
    """A daily window of local time in which the grid fee differs (module 3 of section 14a EnWG).

    from_h after to_h wraps over midnight. The amount is the difference to the grid fee that is part of
    `fees_net_eur_per_kwh`; of windows that overlap the first one counts.
    """

    from_h: Annotated[Number, Param("h", 0, 24, "begins, a full quarter hour")]
    to_h: Annotated[Number, Param("h", 0, 24, "ends, a full quarter hour")]
    add_net_eur_per_kwh: Annotated[
        Number, Param("EUR/kWh", -0.3, 0.5, "net, on top of spot price and fees inside; negative is cheaper")
    ]


@dataclass(frozen=True, slots=True)
class Tariff:
    """Buying and selling electricity. Gross prices unless a name says net."""

    kind: Annotated[ImportKind, Param("", None, None, "kind of contract", source="commissioning")] = (
        ImportKind.FIXED
    )
    import_eur_per_kwh: Annotated[
        Number, Param("EUR/kWh", 0.01, 2, "fixed price; also used when nothing better is known")
    ] = 0.30
    windows: Annotated[tuple[Window, ...], Param("", None, None, "daily windows; outside: fixed price")] = ()
    fees_net_eur_per_kwh: Annotated[Number, Param("EUR/kWh", 0, 1, "net, on top of the spot price")] = 0.1555
    fee_windows: Annotated[
        tuple[FeeWindow, ...],
        Param("", None, None, "dynamic: daily windows of the grid fee; outside: the fees alone"),
    ] = ()
    vat: Annotated[Number, Param("", 0, 0.5, "value added tax on price and fees")] = 0.19
    feed_in: Annotated[FeedInKind, Param("", None, None, "kind of remuneration", source="commissioning")] = (
        FeedInKind.FIXED
    )
    feed_in_eur_per_kwh: Annotated[
        Number, Param("EUR/kWh", 0, 1, "fixed remuneration", source="commissioning")
    ] = 0.078
    zero_at_negative_spot: Annotated[
        bool, Param("", None, None, "no remuneration while spot is negative", source="commissioning")
    ] = True
    feed_in_cap_w: Annotated[
        Number, Param("W", 0, 100000, "export is curtailed above", source="commissioning")
    ] = 100000.0
    grid_limit_w: Annotated[Number, Param("W", 1000, 100000, "import must stay below")] = 20000.0


@dataclass(frozen=True, slots=True)
class Mining:
    """What a miner earns. The curve of the miner's own interface replaces this one when it is known."""

    hash_price_usd_per_ph_day: Annotated[
        Number, Param("USD/PH/d", 0, 1000, "hash price", remote=True, source="commissioning")
    ] = 35.0
    usd_to_eur: Annotated[Number, Param("EUR/USD", 0.3, 2, "exchange rate", remote=True)] = 0.92
    fee: Annotated[Number, Param("", 0, 0.2, "pool and development fee")] = 0.02
    hash_price_valid_days: Annotated[Number, Param("d", 1, 60, "a price older than this counts as zero")] = (
        7.0
    )
    wear_eur_per_kwh: Annotated[Number, Param("EUR/kWh", 0, 0.1, "wear of miner and pumps")] = 0.003
    start_eur: Annotated[
        Number, Param("EUR", 0, 1, "what one start of a miner costs: wear, lost minutes")
    ] = 0.03
    start_run_h: Annotated[Number, Param("h", 0.25, 24, "a start must pay within")] = 2.0
    bonus_eur_per_kwh: Annotated[
        Number, Param("EUR/kWh", 0, 1, "what self-mined coins are worth to the owner on top", remote=True)
    ] = 0.0
    curve_w: Annotated[tuple[float, ...], Param("W", None, None, "powers of the fallback curve")] = (
        1200.0,
        2000.0,
        2600.0,
        3200.0,
    )
    curve_ths: Annotated[tuple[float, ...], Param("TH/s", None, None, "hash rates at these powers")] = (
        45.0,
        70.0,
        81.0,
        92.0,
    )


@dataclass(frozen=True, slots=True)
class Battery:
    """The battery follows the inverter's own rule; these numbers only say what a stored kWh is worth."""

    present: Annotated[bool, Param("", None, None, "there is one", source="commissioning")] = True
    power_w: Annotated[Number, Param("W", 0, 30000, "charge and discharge limit", source="commissioning")] = (
        5000.0
    )
    capacity_kwh: Annotated[
        Number, Param("kWh", 0.5, 200, "usable from 0 to 100 %", source="commissioning")
    ] = 10.0
    empty_pct: Annotated[
        Number, Param("%", 0, 50, "the inverter stops discharging at", source="commissioning")
    ] = 10.0
    reserve_winter_pct: Annotated[
        Number, Param("%", 0, 100, "no discharge into miners below", remote=True)
    ] = 40.0
    reserve_summer_pct: Annotated[
        Number, Param("%", 0, 100, "no discharge into miners below", remote=True)
    ] = 20.0
    full_pct: Annotated[Number, Param("%", 50, 100, "from here on it will be full anyway")] = 90.0
    efficiency: Annotated[Number, Param("", 0.6, 1, "of one round trip")] = 0.9
    wear_eur_per_kwh: Annotated[Number, Param("EUR/kWh", 0, 0.2, "wear per kWh discharged")] = 0.03

    @property
    def one_way(self) -> float:
        """Efficiency of charging, and of discharging."""
        return sqrt(self.efficiency)

    def reserve_pct(self, *, winter: bool) -> float:
        """At this charge or below the battery must not feed the miners."""
        return self.reserve_winter_pct if winter else self.reserve_summer_pct

    def reserve_kwh(self, *, winter: bool) -> float:
        """The same in kWh; 0 without a battery."""
        return self.capacity_kwh * self.reserve_pct(winter=winter) / 100.0 if self.present else 0.0

    RULES: ClassVar[tuple[Ordered, ...]] = (
        Ordered(("empty_pct", "reserve_summer_pct"), 0.0, "the reserve lies above empty"),
        Ordered(("empty_pct", "full_pct"), 10.0, "a battery has a range"),
    )


@dataclass(frozen=True, slots=True)
class HeatSource:
    """The other heat source: what a kWh of heat would cost without miners."""

    heat_pump: Annotated[
        bool, Param("", None, None, "a heat pump; otherwise a boiler at boiler_eur_per_kwh")
    ] = True
    carnot_fraction: Annotated[
        Number, Param("", 0.25, 0.6, "heat pump against Carnot", source="commissioning")
    ] = 0.42
    charge_over_k: Annotated[
        Number,
        Param("K", 0, 10, "flow of the heat pump above the buffer that it holds", source="commissioning"),
    ] = 3.0
    boiler_eur_per_kwh: Annotated[Number, Param("EUR/kWh", 0.01, 1, "heat of the boiler")] = 0.13
    block_eur: Annotated[
        Number,
        Param("EUR", 0, 0.5, "what one block of the heat pump costs: a start of its compressor, one of few"),
    ] = 0.0025
    into_buffer: Annotated[Number, Param("", 0.5, 1, "share of miner power that reaches the buffer")] = 0.95
    fan_w: Annotated[Number, Param("W", 0, 1000, "fan and pump while recooling")] = 250.0


@dataclass(frozen=True, slots=True)
class Choice:
    """How the decision is taken."""

    policy: Annotated[Policy, Param("", None, None, "what the miners are for", remote=True)] = Policy.MARGINAL
    levels: Annotated[int, Param("", 2, 8, "power levels per miner, minimum and maximum included")] = 5
    margin_on_eur_per_kwh: Annotated[Number, Param("EUR/kWh", 0, 0.05, "net benefit to switch on")] = 0.005
    margin_off_eur_per_kwh: Annotated[Number, Param("EUR/kWh", -0.05, 0, "net benefit to stay on")] = -0.005
    confirm_on_s: Annotated[Number, Param("s", 10, 900, "more power must pay in the mean of")] = 60.0
    confirm_off_s: Annotated[Number, Param("s", 10, 1800, "less power must be right in the mean of")] = 180.0
    confirm_plan_s: Annotated[
        Number, Param("s", 60, 1800, "by a plan a start, more power and less must be right in the mean of")
    ] = 900.0
    hold_back_eur_per_kwh: Annotated[
        Number, Param("EUR/kWh", 0, 0.3, "later electricity must be cheaper by, to hold the heat pump back")
    ] = 0.03
    hold_back_h: Annotated[Number, Param("h", 1, 6, "how far ahead `later` is, without a plan")] = 3.0

    RULES: ClassVar[tuple[Ordered, ...]] = (
        Ordered(("margin_off_eur_per_kwh", "margin_on_eur_per_kwh"), 0.0, "stays on longer than it starts"),
        Ordered(("confirm_on_s", "confirm_off_s"), 0.0, "the longer mean decides about less power"),
    )


@dataclass(frozen=True, slots=True)
class Economics:
    """Everything the decision engine must be told about the site."""

    tariff: Tariff = field(default_factory=Tariff)
    mining: Mining = field(default_factory=Mining)
    battery: Battery = field(default_factory=Battery)
    heat: HeatSource = field(default_factory=HeatSource)
    choice: Choice = field(default_factory=Choice)
