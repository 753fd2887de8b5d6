"""The model written a second time, plainly: one parameter, one leaf, one report after another.

Nothing of `ratification.inference` but the structure is used: formulas are those of docs/model.md,
distributions those of SciPy. For trees whose leaves are sampled one by one.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction

import numpy as np
from exact import number_law
from ratification.case.case import Case
from ratification.case.facts import Count, Partial, ShareRange
from ratification.case.known import Known, counted_children
from ratification.inference.structure import Layout
from scipy import stats
from scipy.special import expit, logit, logsumexp

Point = Mapping[str, np.ndarray]
Moments = tuple[float, float]
Share = float | Fraction | None


def log_prior(layout: Layout, point: Point) -> dict[str, float]:
    """Log density of every parameter, up to a constant. Scales come with a sign, of either side.

    A scale is normal round its mean, in size.
    """
    p, structure = layout.priors, layout.structure
    names = ("union", "unit", "local")[: structure.depth]
    sign = np.sign(point["tau"][0] * point["tau_turnout"][0])
    mean, sd = sign * p.correlation.mean, p.correlation.sd
    found = {
        "mu": stats.norm.logpdf(point["mu"], p.mu.mean, p.mu.sd),
        "nu": stats.norm.logpdf(point["nu"], p.nu.mean, p.nu.sd).sum(),
        **{
            of: stats.norm.logpdf(
                np.abs(point[of]),
                [getattr(p, f"{of}_{n}").mean for n in names],
                [getattr(p, f"{of}_{n}").sd for n in names],
            )
            for of in ("tau", "tau_turnout")
        },
        "correlation": stats.truncnorm.logpdf(
            point["correlation"], (-1 - mean) / sd, (1 - mean) / sd, mean, sd
        ),
        "z": stats.norm.logpdf(point["z"]),
        "z_turnout": stats.norm.logpdf(point["z_turnout"]),
    }
    if len(structure.rounds) > 1:
        found["swing"] = stats.norm.logpdf(point["swing"], p.swing.mean, p.swing.sd)
    if structure.repeated:
        found["persistence"] = stats.beta.logpdf(
            point["persistence"], p.persistence.a, p.persistence.b
        )
        found["lasting"] = stats.norm.logpdf(point["lasting"])
        found["lasting_turnout"] = stats.norm.logpdf(point["lasting_turnout"])
    if structure.features:
        found["beta"] = stats.norm.logpdf(point["beta"], p.beta.mean, p.beta.sd)
    if structure.early_returns:
        found["kappa"] = stats.norm.logpdf(point["kappa"], p.kappa.mean, p.kappa.sd)
    return {name: float(np.sum(value)) for name, value in found.items()}


def shares(case: Case, layout: Layout, point: Point) -> dict[tuple[str, int], tuple[float, float]]:
    """Yes share and turnout of every sampled leaf, by round and leaf."""
    structure, found = layout.structure, {}
    position = {node: index for index, node in enumerate(structure.nodes)}
    swing = np.concatenate([[0.0], np.cumsum(point.get("swing", np.zeros(0)))])
    for cell, (r, group) in enumerate(structure.cells):
        eta, theta = float(point["mu"] + swing[r]), float(point["nu"][r])
        for level, name in enumerate(group.path):
            at = position[name, r]
            effect, turnout_effect = _effects(layout, point, name, at)
            rho = float(point["correlation"]) if level == 0 else 0.0
            depth = min(level, 2)
            eta += point["tau"][depth] * effect
            both = rho * effect + np.sqrt(1 - rho**2) * turnout_effect
            theta += point["tau_turnout"][depth] * both
        leaf = case.electorate.leaves[group.leaves[0]]
        for index, feature in enumerate(structure.features):
            eta += point["beta"][index] * case.features[feature].get(leaf, 0.0)
        if structure.early_returns:
            eta += point["kappa"] * layout.data["early"][cell]
        found[structure.rounds[r], group.leaves[0]] = expit(eta), expit(theta)
    return found


def _effects(layout: Layout, point: Point, name: str, at: int) -> tuple[float, float]:
    """A node's effects: lasting and fresh parts, if it is in several rounds."""
    fresh, fresh_turnout = float(point["z"][at]), float(point["z_turnout"][at])
    if name not in layout.structure.repeated:
        return fresh, fresh_turnout
    index, share = layout.structure.repeated.index(name), float(point["persistence"])
    old, new = np.sqrt(share), np.sqrt(1 - share)
    effect = old * point["lasting"][index] + new * fresh
    return effect, old * point["lasting_turnout"][index] + new * fresh_turnout


class Reports:
    """The log likelihood of one round's reports, by the model's names for its terms."""

    def __init__(
        self, case: Case, layout: Layout, round_id: str, shares: Mapping[int, Moments]
    ) -> None:
        self.case, self.facts, self.shares = case, layout.facts[round_id], shares
        self.members = {leaf: float(layout.members[round_id][leaf]) for leaf in shares}
        self.poll_bias = layout.priors.poll_bias.sd

    def log_likelihood(self) -> dict[str, float]:
        """Every term, without constants that no parameter changes."""
        facts: Known = self.facts
        counts = [self._count(next(iter(c.scope)), c.yes, c.no) for c in facts.counts if single(c)]
        pooled = [self._pooled(c.scope, c.yes, c.no) for c in facts.counts if not single(c)]
        between = [self._range(e.scope, e.alpha, e.beta, e.low, e.high) for e in facts.ranges]
        between += [self._share(entry) for entry in facts.shares]
        for partial in facts.partials:
            ballots = partial.yes + partial.no
            if partial.low is not None or partial.high is not None:
                between.append(self._so_far(partial.scope, partial.low, partial.high, 0))
                continue
            between.append(self._range(partial.scope, 1, 1, ballots, None))
            if single(partial):
                p, _ = self.shares[next(iter(partial.scope))]
                counts.append(float(stats.binom.logpmf(partial.yes, ballots, p)))
            else:
                low, high = (partial.yes - 0.5) / ballots, (partial.yes + 0.5) / ballots
                between.append(self._so_far(partial.scope, low, high, ballots))
        return {
            "log_counts": sum(counts),
            "log_pooled_counts": sum(pooled),
            "log_ranges": sum(between),
            "log_polls": sum(self._poll(e.scope, e.yes, e.no) for e in facts.polls),
            "log_approvals": sum(self._approvals(e.units, e.low, e.high) for e in facts.approvals),
        }

    def _moments(self, scope: Iterable[int], alpha: float, beta: float) -> Moments:
        """Mean and variance of alpha * yes + beta * no: a multinomial a leaf."""
        mean, variance = 0.0, 0.25
        for leaf in scope:
            p, t = self.shares[leaf]
            value, chance = np.array([alpha, beta, 0.0]), np.array([t * p, t * (1 - p), 1 - t])
            each = chance @ value
            mean += self.members[leaf] * each
            variance += self.members[leaf] * (chance @ value**2 - each**2)
        return mean, variance

    def _count(self, leaf: int, yes: int, no: int) -> float:
        p, t = self.shares[leaf]
        turnout = stats.binom.logpmf(yes + no, max(self.members[leaf], yes + no), t)
        return float(turnout + stats.binom.logpmf(yes, yes + no, p)) if yes + no else 0.0

    def _pooled(self, scope: Iterable[int], yes: int, no: int) -> float:
        """Ballots and margin are normal together."""
        (ballots, v_ballots), (margin, v_margin) = (self._moments(scope, 1, b) for b in (1, -1))
        covariance = self._moments(scope, 1, 0)[1] - self._moments(scope, 0, 1)[1]
        cov = [[v_ballots, covariance], [covariance, v_margin]]
        return float(stats.multivariate_normal.logpdf([yes + no, yes - no], [ballots, margin], cov))

    def _range(
        self, scope: Iterable[int], alpha: float, beta: float, low: float | None, high: float | None
    ) -> float:
        mean, variance = self._moments(scope, alpha, beta)
        least = -np.inf if low is None else low - 0.5
        most = np.inf if high is None else high + 0.5
        return log_between(least, most, mean, np.sqrt(variance))

    def _share(self, entry: ShareRange) -> float:
        """Of members: ballots within a range. Of ballots: yes - middle * ballots, likewise."""
        whole, known = entry.whole, entry.known_yes + entry.known_no
        low, high, scope = float(entry.low), float(entry.high), entry.scope
        if entry.of == "members":
            size = sum(self.members[leaf] for leaf in whole)
            return self._range(scope, 1, 1, low * size - known, high * size - known)
        middle = (low + high) / 2 if low > 0 and high < 1 else (low if low > 0 else high)
        mean, variance = self._moments(scope, 1 - middle, -middle)
        ballots = self._moments(scope, 1, 1)[0] + known
        mean += entry.known_yes - middle * known
        least = (low - middle) * ballots if low > 0 else -np.inf
        most = (high - middle) * ballots if high < 1 else np.inf
        return log_between(least, most, mean, np.sqrt(variance))

    def _share_of(self, scope: Iterable[int]) -> tuple[float, float, np.ndarray]:
        """Pooled yes share, variance of leaf shares round it by ballots, and ballots by leaf."""
        p, t = np.array([self.shares[leaf] for leaf in scope]).T
        ballots = np.array([self.members[leaf] for leaf in scope]) * t
        share = float(np.average(p, weights=ballots))
        return share, float(np.average((p - share) ** 2, weights=ballots)), ballots

    def _so_far(self, scope: Iterable[int], low: Share, high: Share, counted: float) -> float:
        """The yes share so far: a sample of ballots, and of the places they come from."""
        share, between, ballots = self._share_of(scope)
        seen = min(counted, ballots.sum()) if counted else ballots.sum() / 2
        part, places = seen / ballots.sum(), ballots.sum() ** 2 / (ballots**2).sum()
        composition = between * min((1 - part) / (part * places), 1.0)
        sd = np.sqrt(share * (1 - share) / seen + composition)
        ends = (0.0 if low is None else float(low), 1.0 if high is None else float(high))
        return log_between(*ends, share, sd)

    def _poll(self, scope: Iterable[int], yes: int, no: int) -> float:
        share, _, _ = self._share_of(scope)
        sd = np.sqrt(self.poll_bias**2 + 1 / ((yes + no) * share * (1 - share)))
        return float(stats.norm.logpdf(np.log((yes + 0.5) / (no + 0.5)), logit(share), sd))

    def _approvals(self, units: Iterable[str], low: int, high: int) -> float:
        law = number_law([self._approves(unit) for unit in units])
        return float(np.log(law[low : high + 1].sum()))

    def _approves(self, unit: str) -> float:
        """A unit's chance to approve, by its own rule."""
        tree = self.case.electorate
        decides = tree.by_id[unit].decides
        if decides in ("units", "all-units"):
            children = counted_children(tree, unit)
            need = len(children) if decides == "all-units" else len(children) // 2 + 1
            return float(number_law([self._approves(child) for child in children])[need:].sum())
        alpha, beta, cut = 1.0, -1.0, 0.5
        if isinstance(decides, Fraction):
            alpha, beta = decides.denominator - decides.numerator, -decides.numerator
            cut = -0.5
        mean, variance = self._moments(tree.leaves_under[unit], alpha, beta)
        return float(stats.norm.sf(cut, mean, np.sqrt(variance)))


def single(entry: Count | Partial) -> bool:
    """Whether a report is about one leaf."""
    return len(entry.scope) == 1


def log_between(low: float, high: float, mean: float, sd: float) -> float:
    """Log of the chance that a normal number lies between."""
    a, b = (low - mean) / sd, (high - mean) / sd
    if a > 0:
        a, b = -b, -a
    return float(logsumexp([stats.norm.logcdf(b), stats.norm.logcdf(a)], b=[1, -1]))


def log_likelihood(case: Case, layout: Layout, point: Point) -> dict[str, float]:
    """Every term over all rounds, without constants."""
    by_round: dict[str, dict[int, Moments]] = {name: {} for name in layout.structure.rounds}
    for (round_id, leaf), both in shares(case, layout, point).items():
        by_round[round_id][leaf] = both
    rounds = [
        Reports(case, layout, name, found).log_likelihood() for name, found in by_round.items()
    ]
    return {name: sum(found[name] for found in rounds) for name in rounds[0]}
