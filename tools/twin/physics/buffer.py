"""Buffer tank: equal nodes from top (0) to bottom, advection, conduction, loss, inversion mixing.

Charge water enters the top and leaves the bottom, load water the other way round; what flows between
the nodes is the difference of both. Mixing of inversions conserves energy exactly.
"""

from __future__ import annotations

from tools.twin.physics.defaults import CP_WATER_J_PER_KG_K as CP
from tools.twin.physics.defaults import Defaults

HP_NODES = (1, 2, 3)  # the heat pump takes from the lower third and gives below the top


class Buffer:
    """t_degc: node temperatures, index 0 is the top."""

    __slots__ = ("_d", "_node_j_per_k", "_node_loss_w_per_k", "loss_w", "t_degc")

    def __init__(self, defaults: Defaults, top_degc: float, bottom_degc: float) -> None:
        n = defaults.buffer_nodes
        self._d = defaults
        self._node_j_per_k = defaults.buffer_kg * CP / n
        self._node_loss_w_per_k = defaults.buffer_loss_w_per_k / n
        self.t_degc = [top_degc + (bottom_degc - top_degc) * i / (n - 1) for i in range(n)]
        self.loss_w = 0.0

    def step(
        self,
        dt_s: float,
        charge_kg_per_s: float,
        t_charge: float,
        load_kg_per_s: float,
        t_return: float,
        q_hp_w: float,
        room: float,
    ) -> None:
        """One Euler step; flows are >= 0."""
        t = self.t_degc
        last = len(t) - 1
        down = (charge_kg_per_s - load_kg_per_s) * CP
        mixing = self._d.buffer_mixing_w_per_k
        loss_k = self._node_loss_w_per_k
        gain = [0.0] * (last + 1)
        gain[0] = CP * (charge_kg_per_s * t_charge - load_kg_per_s * t[0])
        gain[last] = CP * (load_kg_per_s * t_return - charge_kg_per_s * t[last])
        above = t[0]
        loss = 0.0
        for i in range(last):
            below = t[i + 1]
            through = down * (above if down > 0.0 else below) + mixing * (above - below)
            out = loss_k * (above - room)
            loss += out
            gain[i] -= through + out
            gain[i + 1] += through
            above = below
        out = loss_k * (above - room)
        gain[last] -= out
        self.loss_w = loss + out
        if q_hp_w:
            for i in HP_NODES:
                gain[i] += q_hp_w / len(HP_NODES)
        k = dt_s / self._node_j_per_k
        inverted = False
        above = t[0] = t[0] + k * gain[0]
        for i in range(1, last + 1):
            below = t[i] = t[i] + k * gain[i]
            if below > above:
                inverted = True
            above = below
        if inverted:
            self.t_degc = mix_inversions(t)

    @property
    def stored_j(self) -> float:
        """Heat above 0 degC."""
        return self._node_j_per_k * sum(self.t_degc)


def mix_inversions(nodes: list[float]) -> list[float]:
    """Merges layers until no lower one is warmer (equal masses, energy conserved)."""
    layers: list[tuple[float, int]] = []
    for t in nodes:
        total, count = t, 1
        while layers and layers[-1][0] * count < total * layers[-1][1]:
            upper, size = layers.pop()
            total += upper
            count += size
        layers.append((total, count))
    mixed: list[float] = []
    for total, count in layers:
        mixed.extend([total / count] * count)
    return mixed
