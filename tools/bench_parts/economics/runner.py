"""All rules on one world: own, peers by default and tuned on another year, and perfect foresight."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import Any

from tools.bench_parts.economics import own, peers
from tools.bench_parts.economics.house import House, Site
from tools.bench_parts.economics.series import Series, from_csv, synthetic
from tools.bench_parts.economics.worlds import WORLDS, World

YEAR_SEED, TRAINING_SEED, NOISE_SEED = 1, 2, 1
WEEK = range(96 * 73, 96 * 80)
"""Shown in detail: the middle of March, when everything happens."""


def row(house: House, none_eur: float, budget_eur: float = 0.0) -> dict[str, Any]:
    """The figures of one rule. budget_eur: what the price of the blocks adds to the bound of foresight."""
    b = house.books
    return {
        "against_none_eur": b.total_eur + house.closing() + budget_eur - none_eur,
        "cost_eur": b.total_eur,
        "mined_eur": b.mined_eur,
        "months_eur": b.cost_eur[1:],
        "import_kwh": b.import_kwh,
        "export_kwh": b.export_kwh,
        "miner_kwh": b.miner_kwh,
        "from_pv_kwh": b.from_pv_kwh,
        "from_battery_kwh": b.from_battery_kwh,
        "from_grid_kwh": b.from_grid_kwh,
        "heat_used_kwh": b.heat_used_kwh,
        "dumped_kwh": b.dumped_kwh,
        "unmet_kwh": b.unmet_kwh,
        "starts_per_miner": b.starts / 2.0,
        "blocks": b.blocks,
        "blocked_h": b.blocked_h,
        "shell": b.shell,
        "over_limit": b.over_limit,
        **({"budget_eur": budget_eur} if budget_eur else {}),
        **({"week": b.week} if b.week else {}),
    }


def world_rows(world: World, series: Series, training: Series | None, quick: bool) -> dict[str, Any]:
    """Every rule on this world; None in place of training skips the tuned peers."""
    from tools.bench_parts.economics import foresight, perfect  # numpy: only where it is used

    site = Site(world, series)
    nobody = own.none(site)
    base = nobody.books.total_eur + nobody.closing()
    rows = {"none": row(nobody, base)}
    began = time.monotonic()

    def add(name: str, make: Callable[[], House], budget_eur: float = 0.0) -> None:
        rows[name] = row(make(), base, budget_eur)
        print(
            f"{world.name:14} {name:22} {rows[name]['against_none_eur']:10.1f} EUR"
            f" {time.monotonic() - began:7.0f} s",
            file=sys.stderr,
            flush=True,
        )

    add("always", lambda: own.always(site))
    add("heat demand", lambda: own.heat_demand(site))
    add("surplus", lambda: own.surplus(site, room=False))
    add("surplus, room", lambda: own.surplus(site, room=True))
    for peer in peers.PEERS if not quick else peers.PEERS[:2]:
        add(peer.name, lambda peer=peer: peers.run(site, peer))  # type: ignore[misc]
    if training is not None:
        practice = Site(world, training)
        for peer in peers.PEERS:
            if peer.tuned:
                values = _tuned(practice, peer)
                add(f"{peer.name} tuned", lambda p=peer, v=values: peers.run(site, p, **v))  # type: ignore[misc]
                rows[f"{peer.name} tuned"]["values"] = values
    add("marginal", lambda: own.engine(site, week=WEEK))
    prices = perfect.block_prices(site)
    alone = perfect.perfect(site, prices, miners=False)
    add("PF without miners", lambda: alone.best, alone.budget_eur)
    same = perfect.perfect(site, prices)
    add("PF-same, budgets", lambda: same.ruled)
    add("PF-same", lambda: same.best, same.budget_eur)
    for name, noise in (("plan, perfect", None), ("plan, noisy", NOISE_SEED)):
        plans = foresight.Rolling(site, noise=noise)
        add(name, lambda plans=plans: own.engine(site, plans=plans, week=WEEK))  # type: ignore[misc]
    return {"text": world.text, "none_eur": base, "rows": rows}


def _tuned(site: Site, peer: peers.Peer) -> dict[str, float]:
    """The best of the values that a patient user would try, on a training year."""
    tried = [(_cost(site, peer, {}), 0, {}), *(
        (_cost(site, peer, values), index + 1, values) for index, values in enumerate(peer.tuned)
    )]  # fmt: skip
    return min(tried, key=lambda entry: entry[:2])[2]


def _cost(site: Site, peer: peers.Peer, values: dict[str, float]) -> float:
    house = peers.run(site, peer, **values)
    return house.books.total_eur + house.closing()


def _one(job: tuple[str, str | None, bool, int | None]) -> tuple[str, dict[str, Any]]:
    name, path, tuned, quarters = job
    world = next(w for w in WORLDS if w.name == name)
    series = cut(_series(path), quarters)
    training = cut(synthetic(TRAINING_SEED), quarters) if tuned else None
    return name, world_rows(world, series, training, quick=quarters is not None)


def _series(path: str | None) -> Series:
    from pathlib import Path

    return from_csv(Path(path)) if path else synthetic(YEAR_SEED)


def cut(series: Series, quarters: int | None) -> Series:
    """The first quarters of a year, for a quick look."""
    if quarters is None:
        return series
    return Series(*(getattr(series, name)[:quarters] for name in Series.__slots__))


def all_worlds(
    names: list[str],
    *,
    csv: str | None = None,
    tuned: bool = True,
    quarters: int | None = None,
    jobs: int = 2,
    done: Callable[[dict[str, Any]], None] = lambda _: None,
) -> dict[str, Any]:
    """Worlds in parallel processes, by name; done sees what there is after each of them."""
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(variable, "1")  # processes share the cores, not the threads of one library
    work = [(name, csv, tuned, quarters) for name in names]
    found: dict[str, Any] = {}
    if jobs == 1 or len(names) == 1:
        for job in work:
            found |= dict([_one(job)])
            done(found)
        return found
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for ended in as_completed([pool.submit(_one, job) for job in work]):
            found |= dict([ended.result()])
            done(found)  # a long run leaves something behind, whatever ends it
    return {name: found[name] for name in names}
