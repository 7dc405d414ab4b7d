"""The MQTT link of a site: what it says, what it may change, where it keeps its few records.

The link itself knows neither files nor the site folder; here it gets both.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from plc import __version__
from plc.blocks.core import NS_PER_S, Origin, Tick
from plc.exchange import Exchange
from plc.link.catalogue import catalogue
from plc.link.discovery import About, discovery
from plc.link.documents import of_kind
from plc.link.entry import Entry, Facts
from plc.link.greeting import Greeting, meta
from plc.link.inbox import Ports
from plc.link.link import Link
from plc.link.payload import Value
from plc.link.remote_parameters import RemoteParameters
from plc.link.settings import Mqtt
from plc.link.site_facts import Site as LinkSite
from plc.link_numbers import numbers_of
from plc.link_records import Keep, password_of
from plc.plant.changes import plain, remote_parameters, value_at
from plc.plant.interface import Command, Event, ImageInputs, PlantInputs
from plc.plant.plant import Plant
from plc.site import Site
from plc.site_reader import Language

log = logging.getLogger(__name__)

QUEUE_MAX = 32

Report = Callable[[], Mapping[str, Any]]


def settings_of(site: Site) -> Mqtt | None:
    """The section `devices.mqtt`, None for a site without a broker."""
    found: Mqtt | None = site.section("devices.mqtt")
    return found


def stored_changes(site: Site, keep: Keep) -> RemoteParameters | None:
    """What was changed from afar and still counts; None where the site does not want that."""
    settings = settings_of(site)
    if settings is None or not settings.remote_parameters:
        return None
    return RemoteParameters(site.parameters, keep.load("parameters"))


def facts_of(site: Site, *, energy: bool, miners: int) -> Facts:
    """What the catalogue of this site is made from."""
    asked = _asked(site)
    return Facts(
        labels={wire.name: (wire.text_de, wire.text_en) for wire in site.wiring.signals.values()},
        figures=asked.figures,
        decision=asked.decision,
        words=asked.words,
        actuators=asked.actuators,
        parameters={path: plain(value_at(site.parameters, path)) for path in remote_parameters()},
        energy=energy,
        hot_water=site.parameters.dhw.present,
        miners=miners,
    )


class _Asked(NamedTuple):
    """Names of what a plant publishes."""

    figures: tuple[str, ...]
    decision: tuple[str, ...]
    words: tuple[str, ...]
    actuators: tuple[str, ...]


def _asked(site: Site) -> _Asked:
    """From a plant, which knows best what it publishes."""
    plant = Plant(site.parameters, site.routes)
    blind = ImageInputs(dio_healthy=False, aio_healthy=False)
    outputs = plant.step(PlantInputs(blind), Tick(0, NS_PER_S // 10))
    return _Asked(
        figures=tuple(name for name, _ in outputs.status.values),
        decision=tuple(name for name, _ in plant.decision.engine.values()),
        words=tuple(name for name, _ in outputs.status.decision),
        actuators=tuple(dict.fromkeys(lock.rules.actuator for lock in plant.locks())),
    )


def catalogue_of(site: Site) -> tuple[Entry, ...]:
    """The topic catalogue of a site, for the link and for everything generated from it."""
    settings = settings_of(site)
    energy = bool(site.section("devices.rs485")) or (
        settings is not None and bool(settings.smart_meter.topic)
    )
    return catalogue(facts_of(site, energy=energy, miners=len(site.section("devices.miners")) or 0))


def link_documents(site: Site, kind: str) -> dict[str, str]:
    """What is generated from the catalogue of a site: mqtt, telegraf, grafana or home_assistant."""
    settings = settings_of(site)
    return of_kind(
        kind,
        catalogue_of(site),
        site_id=site.site_id,
        name=site.name,
        base_topic=settings.base_topic if settings is not None else "thermiq",
        german=site.language is Language.DE,
    )


class Linking:
    """The link of one run. site: with the parameters that are in force for this run.

    folder: of this site in the state directory, None where nothing can be kept.
    """

    def __init__(self, site: Site, folder: Path | None) -> None:
        self._keep = Keep(folder / "mqtt" if folder is not None else None)
        self._changes = stored_changes(site, self._keep)
        self._of_file = site
        self.site = site
        if self._changes is not None and self._changes.stored:
            self.site = dataclasses.replace(site, parameters=self._changes.effective)

    def services(
        self,
        exchange: Exchange,
        scan_report: Report,
        *,
        simulated: bool,
        self_report: Report | None = None,
    ) -> list[Link]:
        """The link, connected with the exchange and not started yet; nothing for a site without a broker.

        self_report: everything that the program measures about itself; without it the scan alone.
        """
        settings = settings_of(self.site)
        if settings is None:
            return []
        origin = Origin.SIM if simulated else Origin.MEASURED
        numbers = numbers_of(settings, self.site.section("devices.hot_water"), exchange, origin)
        reports = (scan_report, self_report or (lambda: {"scan": scan_report()}))
        link = Link(self._facts(settings, exchange, *reports, simulated=simulated), numbers)
        exchange.health["mqtt_ok"] = link.ok
        exchange.health["account_ok"] = link.account_ok
        exchange.health["certificates_ok"] = link.certificates_ok
        exchange.join(link)
        return [link]

    def _facts(
        self,
        settings: Mqtt,
        exchange: Exchange,
        scan_report: Report,
        self_report: Report,
        *,
        simulated: bool,
    ) -> LinkSite:
        site, keep, changes = self._of_file, self._keep, self._changes
        entries = catalogue_of(site)
        root = f"{settings.base_topic}/{site.site_id}"
        boot = f"{int(time.time()):x}"

        def to_plant(command: Command) -> bool:
            if len(exchange.commands) >= QUEUE_MAX:
                return False
            exchange.commands.append(command)
            return True

        def keep_parameters() -> bool:
            return changes is not None and keep.save("parameters", changes.kept())

        return LinkSite(
            site_id=site.site_id,
            root=root,
            settings=settings,
            entries=entries,
            greeting=_greeting(site, settings, entries, root, keep, boot),
            ports=Ports(to_plant, exchange.deliver, keep.audit, changes, keep_parameters),
            password=lambda: password_of(settings, os.environ),
            scan_report=scan_report,
            extra=_extra(site, changes, exchange.facts),
            keep=keep.save,
            german=site.language is Language.DE,
            simulated=simulated,
            boot=boot,
            self_report=self_report,
            notices=_notices(changes),
        )


def _greeting(
    site: Site, settings: Mqtt, entries: tuple[Entry, ...], root: str, keep: Keep, boot: str
) -> Greeting:
    german = site.language is Language.DE
    facts = {
        "program": __version__,
        "site": site.site_id,
        "name": site.name,
        "boot": boot,
        "files": site.files,
        "unconfirmed": [fact.name for fact in site.unconfirmed],
    }
    limits = site.parameters.miners
    about = About(
        site_id=site.site_id,
        name=site.name,
        root=root,
        prefix=settings.discovery_prefix,
        german=german,
        commands=settings.command_entities,
        parameters=settings.remote_parameters,
        power_max_w=2 * limits.power_max_w,
        power_min_w=limits.power_min_w,
    )
    topics = [f"{root}/{kind}/{entry.path}" for entry in entries for kind in ("state", "quality")]
    described = discovery(entries, about) if settings.discovery else None
    return Greeting(root, meta(entries, facts, german=german), topics, described, keep.load("published"))


def _extra(
    site: Site, changes: RemoteParameters | None, facts: Mapping[str, Callable[[], float]]
) -> Callable[[], Mapping[str, Value]]:
    fixed: dict[str, Value] = {
        "version": __version__,
        "unconfirmed": ", ".join(fact.name for fact in site.unconfirmed),
    }

    def extra() -> Mapping[str, Value]:
        said: dict[str, Value] = {**fixed, **{topic: ask() for topic, ask in facts.items()}}
        if changes is not None:
            said |= {f"parameter:{path}": value for path, value in changes.current().items()}
        return said

    return extra


def _notices(changes: RemoteParameters | None) -> tuple[Event, ...]:
    """Stored changes that do not count any more are news, once."""
    if changes is None:
        return ()
    for dropped in changes.dropped:
        log.warning("remote parameter %s = %s dropped: %s", dropped.path, dropped.value, dropped.reason)
    return tuple(
        Event(
            0, "parameter", "dropped", before=str(dropped.value), reason=f"{dropped.path}: {dropped.reason}"
        )
        for dropped in changes.dropped
    )
