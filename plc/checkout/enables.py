"""Enables of the miners, the watchdog relay K12, and what happens when the controller dies.

The only tests that close a contactor. Before each: breakers of both miners confirmed off, nobody answers at
their addresses, safety chain closed, flow proven, oil known and cool. One enable at a time, 5 s at most.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import threading
from collections.abc import Iterator

from plc.checkout import texts
from plc.checkout.bench import Bench, Guard, Interrupted
from plc.checkout.talk import Outcome, Result, Talk
from plc.checkout.texts import Words
from plc.plant.interface import ImageInputs
from plc.plant.parameters import Parameters
from plc.site import Site

ENABLE_MAX_S = 5.0
DROP_MAX_S = 3.0
"""Watchdog relay withheld, or process dead: contactors open within this time (dead-man chain)."""

RESET_WAIT_S = 120.0
FLOW_DROPS_S = 2.0
"""Flow relay and safety relay together need less to drop."""

CONNECT_S = 1.5

FEEDBACK = {"m1_enable": "k10_fb", "m2_enable": "k11_fb"}


def permissives(parameters: Parameters, *, but: str = "") -> Guard:
    """Everything that keeps an enable on, as the plant has it, as far as a check-out can know it.

    but: the contactor that may be closed; the other one must be open.
    """

    def guard(inputs: ImageInputs) -> Words | None:
        for name in ("safety_ok", "estop1_ok", "estop2_ok", "flow_ok", "temp_max_ok"):
            if not getattr(inputs, name):
                return texts.IS_ZERO.of(name=name)
        oil = inputs.t_oil_degc.value
        if oil is None:
            return texts.OIL_UNKNOWN
        if oil >= parameters.oil.start_max_degc:
            return texts.OIL_WARM.of(degc=oil)
        closed = [name for name in FEEDBACK.values() if name != but and getattr(inputs, name)]
        return texts.OTHER_CLOSED.of(name=closed[0]) if closed else None

    return guard


def deadline(bench: Bench, seconds: float) -> Guard:
    """The pulse has been on for long enough, whatever the test still wants."""
    end_ns = bench.clock.now_ns() + round(seconds * 1e9)

    def guard(_: ImageInputs) -> Words | None:
        return texts.PULSE_OVER.of(seconds=seconds) if bench.clock.now_ns() > end_ns else None

    return guard


@contextlib.contextmanager
def circulation(talk: Talk, parameters: Parameters) -> Iterator[None]:
    """P3 running, flow proven, safety relay reset by the person: what an enable needs around it."""
    bench = talk.bench
    with bench.energised(p3_on=True, reset_lamp=True):
        if bench.until(lambda inputs: inputs.flow_ok, parameters.safety.flow_proof_s) is None:
            raise Interrupted(texts.NO_FLOW)
        bench.run(parameters.safety.flow_on_s)
        if not bench.inputs.safety_ok:
            over = deadline(bench, RESET_WAIT_S)

            def closed() -> bool:
                if over(bench.inputs) is not None:
                    raise Interrupted(texts.NOT_RESET)
                return bench.inputs.safety_ok

            talk.ask("enable/reset", talk.words(texts.RESET), "f/s/c/q", lambda _: False, watch=closed)
        yield


def flow_in_chain(talk: Talk, parameters: Parameters) -> Outcome | None:
    """P3 has just gone off: the safety relay drops with the flow, or stays, as `flow_latches` has it."""
    bench = talk.bench
    if bench.until(lambda inputs: not inputs.flow_ok, parameters.safety.flow_proof_s) is None:
        return talk.failed(texts.NOT_BACK.of(where="flow_ok"))
    bench.run(FLOW_DROPS_S)
    if bench.inputs.safety_ok is not parameters.safety.flow_latches:
        return None
    return talk.failed(texts.STAYS_WITHOUT_FLOW if bench.inputs.safety_ok else texts.DROPS_WITHOUT_FLOW)


def check_enable(talk: Talk, site: Site, enable: str, *, withhold: bool = False) -> Outcome:
    """Closes one contactor and opens it again: by the enable, or with `withhold` by the silent heartbeat."""
    bench, parameters = talk.bench, site.parameters
    feedback = FEEDBACK[enable]
    answer_s = _within(site, enable)
    bench.run(1.0)
    with circulation(talk, parameters):
        if getattr(bench.inputs, feedback):
            return talk.failed(texts.ONE_WITHOUT_ENABLE.of(name=feedback))
        guards = (permissives(parameters, but=feedback), deadline(bench, ENABLE_MAX_S))
        with bench.energised(*guards, **{enable: True}):
            on_s = bench.until(lambda inputs: getattr(inputs, feedback), answer_s)
            if on_s is None:
                return talk.failed(texts.CONTACTOR_SILENT.of(name=feedback, seconds=answer_s))
            if withhold:
                return _withheld(talk, feedback)
        off_s = bench.until(lambda inputs: not getattr(inputs, feedback), answer_s)
        if off_s is None:
            return talk.failed(texts.WELDED.of(name=feedback))
    found = talk.words(texts.ON_AND_OFF.of(on_s=on_s, off_s=off_s))
    return Outcome(Result.PASS, found, {"on_s": round(on_s, 2), "off_s": round(off_s, 2)})


def _withheld(talk: Talk, feedback: str) -> Outcome:
    """The enable stays, the heartbeat stops: K12 alone must open the contactor."""
    bench = talk.bench
    bench.beating = False
    try:
        drop_s = bench.until(lambda inputs: not getattr(inputs, feedback), DROP_MAX_S)
    finally:
        bench.beating = True
    if drop_s is None:
        return talk.failed(texts.K12_HOLDS.of(name=feedback, seconds=DROP_MAX_S))
    found = talk.words(texts.K12_OPENED.of(drop_s=drop_s))
    return Outcome(Result.PASS, found, {"drop_s": round(drop_s, 2)})


def _within(site: Site, enable: str) -> float:
    proof = site.wiring.signals[enable].proved_by
    return proof.within_s if proof is not None else site.parameters.safety.contactor_feedback_s


def answering(talk: Talk, site: Site) -> list[str]:
    """Miners of the site that still answer on the network: they have supply, whatever was confirmed.

    Asked in a thread while the bench goes on cycling: a connection may take longer than the output watchdog.
    """
    miners = site.section("devices.miners")
    if not talk.bench.image.is_device:  # a simulation reaches nothing but this machine
        miners = tuple(miner for miner in miners if ipaddress.ip_address(miner.host).is_loopback)
    found: list[str] = []
    threads = [
        threading.Thread(target=_try, args=(miner.host, miner.port, found), daemon=True) for miner in miners
    ]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        talk.bench.cycle()
    return sorted(found)


def _try(host: str, port: int, found: list[str]) -> None:
    """A refused connection is an answer too, except from this very machine (a virtual miner that is off)."""
    try:
        socket.create_connection((host, port), CONNECT_S).close()
    except ConnectionRefusedError:
        if not ipaddress.ip_address(host).is_loopback:
            found.append(f"{host}:{port}")
    except OSError:
        return
    else:
        found.append(f"{host}:{port}")
