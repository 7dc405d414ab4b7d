"""Composition root: the only place that knows everybody.

Builds the program in the order that keeps the plant safe at every line: nothing is opened before the site is
valid, nothing is written before this process is the only writer, nothing runs before the safe image is in
place and the output watchdog is armed. What each part does stands in its own folder.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from plc.blocks.core import NS_PER_MS, Tick
from plc.devices import device_services, expecting_devices
from plc.exchange import Exchange
from plc.exits import Exit, ExitError
from plc.farewell import Farewell
from plc.health import price_feed
from plc.image.process_image import Led, ProcessImage
from plc.linking import Linking
from plc.machine_watch import MachineWatch
from plc.opening import Options, open_as_sole_writer
from plc.planning import planner_services
from plc.plant.interface import SAFE_OUTPUTS, PlantInputs, PlantOutputs
from plc.plant.parameters import Parameters
from plc.plant.plant import Plant
from plc.price_file import price_services
from plc.recording import Recording
from plc.scan.clock import Clock, MonotonicClock, TurnClock, UtcOffset
from plc.scan.garbage import SlackCollector
from plc.scan.lifecycle import SWITCH_INTERVAL_S, StopFlag, Supervisor, leave
from plc.scan.logs import BackgroundLog
from plc.scan.loop import START, UNCLEAN_START, ScanLoop
from plc.scan.priority import prefer_this_process, prefer_this_thread
from plc.scan.service import Service, Services
from plc.scan.statistics import ScanStatistics
from plc.self_report import SelfReport
from plc.site import Site
from plc.site_watch import SiteWatch
from plc.store.attempt import HEALTHY_AFTER_S, Attempt
from plc.store.decision_log import DecisionLog
from plc.store.directories import site_directory, state_directories
from plc.store.retained import RetainedStore
from plc.store.status import StatusFile, runtime_directory

log = logging.getLogger(__name__)

RETAIN_LAYOUT = 1


def run(options: Options) -> int:
    """The controller, from start to end. Raises ExitError while nothing has been touched yet."""
    stop = StopFlag()
    stop.install()
    background_log = BackgroundLog()
    background_log.start()
    attempt = Attempt.from_environment(os.environ)
    code: Exit = Exit.OK
    try:
        opened = open_as_sole_writer(options, stop)
    except ExitError as error:
        attempt.mark_exit(error.code, asked=False)
        background_log.stop()
        raise
    if opened is not None:
        code = Controller(options, *opened, stop, attempt).run()
    log.info("ends with exit code %d%s", code, f" ({stop.cause})" if stop() else "")
    attempt.mark_exit(code, asked=code == Exit.OK)
    background_log.stop()
    leave(code)


def local_time(timezone: str) -> UtcOffset:
    """UTC offset of the site's time zone: the machine itself may well run on UTC."""
    zone = ZoneInfo(timezone)

    def offset_s(unix_s: int) -> int:
        offset = datetime.fromtimestamp(unix_s, UTC).astimezone(zone).utcoffset()
        return 0 if offset is None else int(offset.total_seconds())

    return offset_s


class Upkeep:
    """Hand-over of a good scan to supervisor and retained data; both take it without waiting."""

    def __init__(self, supervisor: Supervisor, retained: RetainedStore) -> None:
        self._supervisor = supervisor
        self._retained = retained
        self._first = True
        self._outputs = SAFE_OUTPUTS

    def scanned(self, tick: Tick, inputs: PlantInputs, outputs: PlantOutputs) -> None:
        """The scan is through: we are alive, and this is what must survive."""
        del tick, inputs
        image, before = outputs.image, self._outputs
        self._outputs = image
        # A contactor cycle or a block that a crash forgets would come back as a budget unspent.
        urgent = (image.m1_enable, image.m2_enable, image.hp_block) != (
            before.m1_enable,
            before.m2_enable,
            before.hp_block,
        )
        self._retained.offer(outputs.retain, urgent=urgent)
        if self._first:
            self._first = False
            self._supervisor.ready("scanning")
        self._supervisor.good_cycle(time.monotonic_ns())

    def restarted(self, now_ns: int, cause: str) -> None:
        """The gap itself is the news; the plant reports it as A-083."""
        del now_ns
        self._outputs = SAFE_OUTPUTS
        log.warning("%s: a gap beyond the watchdog period, safe image written, plant starts anew", cause)


class FrontLeds:
    """Hand-over of the two lamps on the base module; they go out with the next write."""

    def __init__(self, image: ProcessImage) -> None:
        self._image = image
        self._shown = ("", "")

    def scanned(self, tick: Tick, inputs: PlantInputs, outputs: PlantOutputs) -> None:
        """Touches the image only when a colour changes."""
        del tick, inputs
        if outputs.leds != self._shown:
            self._shown = outputs.leds
            self._image.led(*(Led[colour.upper()] for colour in outputs.leds))

    def restarted(self, now_ns: int, cause: str) -> None:
        """The safe image has put the lamps out: show them again."""
        del now_ns, cause
        self._shown = ("", "")


class Controller:
    """One run of the program, from the safe image at start to the safe image at the end."""

    def __init__(
        self, options: Options, site: Site, image: ProcessImage, stop: StopFlag, attempt: Attempt
    ) -> None:
        self._folder = site_directory(os.environ, site.site_id)
        self._linking = Linking(site, self._folder)
        # With the parameters that were changed from afar, and those that follow from the device list.
        site = expecting_devices(self._linking.site)
        self._options, self._site, self._image = options, site, image
        self._stop, self._attempt = stop, attempt
        self._scan_parameters = site.parameters.scan
        self._supervisor = Supervisor()
        self._retained = RetainedStore(state_directories(os.environ), site.site_id, layout=RETAIN_LAYOUT)
        self._plant: Plant | None = None
        self._recording = Recording(
            site,
            runtime_directory(os.environ) / "recording" / site.site_id,
            site_directory(os.environ, site.site_id, "recordings"),
            lambda: self._plant.state() if self._plant is not None else {},
        )
        self._decisions = DecisionLog(self._folder)
        self._exchange = Exchange(
            [
                Upkeep(self._supervisor, self._retained),
                FrontLeds(image),
                self._recording,
                self._decisions,
            ]
        )
        self._statistics = ScanStatistics(self._scan_parameters.period_ms * NS_PER_MS)
        self._clean_start = False
        self._services = Services([])

    def run(self) -> Exit:
        """Runs and leaves the image safe: every way out goes through the same door."""
        error: BaseException | None = None
        try:
            self._image.write_safe()
            self._arm()
            clock = self._make_clock()
            self._start(clock)
            self._loop(clock).run()
        except BaseException as caught:  # noqa: BLE001 - whatever it is, the outputs come first
            error = caught
        error = make_safe(self._image, error)
        code = exit_code(error)
        self._end(code)
        return code

    def _arm(self) -> None:
        """Arms the output watchdog on the handle that writes; a device that cannot is an ImageFault."""
        if not self._image.arm_watchdog(self._scan_parameters.watchdog_ms):
            log.warning(
                "%s: no output watchdog on a plain file, a crash leaves the outputs", self._options.image
            )

    def _make_clock(self) -> Clock:
        period_ns = self._scan_parameters.period_ms * NS_PER_MS
        if self._options.clock is None:
            return MonotonicClock(period_ns, local_time(self._site.timezone))
        try:
            return TurnClock(self._options.clock, period_ns, self._stop)
        except OSError as error:
            raise ExitError(
                Exit.USAGE, f"--clock {self._options.clock}: no virtual plant answers ({error.strerror})"
            ) from error

    def _start(self, clock: Clock) -> None:
        """Retained data, then everything that runs beside the scan."""
        if self._options.clock is None:  # in virtual time the program never sleeps and would starve the plant
            prefer_this_process()
        loaded = self._retained.load()
        for problem in loaded.problems:
            log.warning("retained data: %s", problem)
        refused = loaded.record is None and bool(loaded.problems)
        self._exchange.health["retained_ok"] = lambda: not refused
        self._exchange.retain.put(loaded.state)
        self._clean_start = loaded.clean_stop
        self._retained.mark_running(loaded.state or {})
        self._retained.start()
        self._services = Services(self._beside_the_scan(clock))
        self._services.start()
        mark = threading.Timer(HEALTHY_AFTER_S, self._mark_healthy)
        mark.daemon = True
        mark.start()

    def _beside_the_scan(self, clock: Clock) -> list[Service]:
        """Every service in the order in which it starts: drivers, link, recorder, status last."""
        simulated = not self._image.is_device
        devices = device_services(
            self._site, clock, self._exchange, simulated=simulated, clean_start=self._clean_start
        )
        facts = {
            "site": self._site.site_id,
            "simulated": simulated,
            "clock": "turns" if self._options.clock else "monotonic",
            "image": self._options.image,
        }
        report = SelfReport(self._exchange, self._statistics, lambda: self._services.health(), facts)
        link = self._linking.services(
            self._exchange, self._statistics.report, simulated=simulated, self_report=report.brief
        )
        status = StatusFile(runtime_directory(os.environ), report)
        planner = planner_services(self._site, clock, self._exchange, self._parameters)
        prices = price_services(self._site, self._exchange)
        watch = self._watch(simulated=simulated)
        return [*devices, *link, *planner, *prices, *watch, self._recording, self._decisions, status]

    def _watch(self, *, simulated: bool) -> list[Service]:
        """What else the plant is told about the rest of the program."""
        prices = price_feed(self._site.parameters.economics.tariff, self._exchange)
        if prices is not None:
            self._exchange.health["prices_ok"] = prices
        files = SiteWatch(self._site.folder)
        self._exchange.health["config_ok"] = files.ok
        if simulated:  # the load of a developer's machine says nothing about a cabinet
            return [files]
        watch = MachineWatch(self._folder)
        self._exchange.health["system_ok"] = watch.ok
        return [files, watch]

    def _loop(self, clock: Clock) -> ScanLoop:
        collector = SlackCollector()
        loop = ScanLoop(
            image=self._image,
            clock=clock,
            sources=self._exchange,
            handover=self._exchange,
            build_plant=self._build_plant,
            watchdog_ns=self._scan_parameters.watchdog_ms * NS_PER_MS,
            stop_requested=Farewell(self._stop, self._exchange, clock.now_ns),
            start_cause=START if self._clean_start else UNCLEAN_START,
            statistics=self._statistics,
            idle=collector,
        )
        self._recording.begin(clock.now_ns())
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        if self._options.clock is None:
            log.info("scan thread: %s", "real-time priority" if prefer_this_thread() else "normal priority")
        collector.take_over()
        return loop

    def _build_plant(self, cause: str) -> Plant:
        """The plant from retained data: the same path at start and after a gap."""
        site, retained = self._site, self._exchange.retain.latest
        changes = self._plant.changes.values if self._plant is not None else None
        try:
            plant = Plant(site.parameters, site.routes, retained, clean_start=cause == START, changes=changes)
        except (ValueError, KeyError, TypeError):
            log.exception("retained data refused; starting as after a first installation")
            plant = Plant(site.parameters, site.routes, None, clean_start=False, changes=changes)
        self._plant = plant
        return plant

    def _parameters(self) -> Parameters:
        """Those in force; from any thread, the plant replaces them as a whole."""
        return self._site.parameters if self._plant is None else self._plant.changes.parameters

    def _mark_healthy(self) -> None:
        if self._statistics.scans > 0 and self._statistics.restarts == 0:
            self._attempt.mark_healthy()

    def _end(self, code: Exit) -> None:
        """Outputs are safe by now; what follows may take its time."""
        self._supervisor.stopping(f"exit {int(code)}")
        self._recording.reason = "stop" if code == Exit.OK else "failed"
        self._services.stop()
        self._retained.stop(self._exchange.retain.latest, clean=code == Exit.OK)


def make_safe(image: ProcessImage, error: BaseException | None) -> BaseException | None:
    """The last write of the run, then the handle is closed: an armed one makes the driver zero the rest."""
    try:
        image.write_safe()
    except Exception as caught:  # noqa: BLE001 - there is nothing left to do but to close
        error = error or caught
    image.close()
    return error


def exit_code(error: BaseException | None) -> Exit:
    """What the end of the run means, and one line (or a traceback) about it."""
    if error is None:
        return Exit.OK
    if isinstance(error, ExitError):  # a fault of the image is one, too
        log.error("%s", error)
        return error.code
    log.error("fault of the program", exc_info=error)
    return Exit.INTERNAL
