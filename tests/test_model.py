"""The PyMC model is the one that docs/model.md says, term by term."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import density
import numpy as np
import pytest
from hand_made import tied_by_a_total
from ratification.case.case import Case
from ratification.case.folder import load
from ratification.case.priors import PositiveNormal, Priors
from ratification.case.rounds import Scenario
from ratification.inference.instant.approvals import convolved
from ratification.inference.instant.effects import Effects
from ratification.inference.instant.globals import Shared
from ratification.inference.instant.weighing import Problem
from ratification.inference.layout import build_layout
from ratification.inference.model import build_model, unfold
from ratification.inference.replaced import bend
from ratification.inference.structure import Layout
from small_case import EVIDENCE, write_case

# Beside what the small case reports: counts and partial counts of several leaves, a poll, ranges
# of a count so far, approvals over a unit that its units decide, and an earlier round's count.
MORE = """\
pooled,june,2011-06-20,gamma + beta,turnout,,,40%,90%,,,,,
delta-so-far,june,2011-06-20,delta,partial,,,0.4,0.6,,,,,
may-beta,may,2011-05-20,beta,count,201,180,,,,,,,
may-both,may,2011-05-21,council-4,count,900,1203,,,,,,,
may-delta,may,2011-05-21,delta,partial,90,70,,,,,,,
"""
FEATURES = "unit,night-shift\nlocal-391,0.7\nbeta,-0.4\n"
PUBLISHED = Scenario(id="published", title="Published", round="june", returns="published")
EXACT = 1e-9  # relative; both are double precision
WIDTH = 0.03  # logit: an edge of about 4,000 ballots
NO_SCALE = 1e-6
LEAST = -16.0  # log of what the Fourier sum of numbers approving still holds to six digits


@dataclass(frozen=True)
class Built:
    """A case's model, compiled once: terms, log density and natural parameters at raw points."""

    case: Case
    layout: Layout
    names: tuple[str, ...]  # raw variables
    shapes: tuple[tuple[int, ...], ...]
    evaluate: Callable[..., list[np.ndarray]]
    outputs: tuple[str, ...]

    def at(self, flat: np.ndarray) -> tuple[float, dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Log density, terms, and the parameters on the scale the model is written on."""
        sizes = [int(np.prod(shape)) for shape in self.shapes]
        parts = np.split(flat, np.cumsum(sizes)[:-1])
        raw = [part.reshape(shape) for part, shape in zip(parts, self.shapes, strict=True)]
        total, *others = self.evaluate(*raw)
        found = dict(zip(self.outputs, others, strict=True))
        point = {name: value for name, value in found.items() if not name.startswith("log_")}
        for name in ("mu", "nu", "swing"):
            if f"solved_{name}" in point:
                point[name] = point.pop(f"solved_{name}")
        point["z"], point["z_turnout"] = point.pop("effect"), point.pop("turnout_effect")
        return float(total), {n: v for n, v in found.items() if n.startswith("log_")}, point

    def random_point(self, seed: int) -> np.ndarray:
        """A raw point near the prior, with scales of either sign that are not near zero."""
        rng = np.random.default_rng(seed)
        parts = []
        for name, shape in zip(self.names, self.shapes, strict=True):
            if name in ("tau", "tau_turnout"):
                parts.append(rng.uniform(0.3, 0.9, shape) * rng.choice([-1, 1], shape))
            else:
                parts.append(rng.normal(0, 0.3, shape))
        return np.concatenate([np.ravel(part) for part in parts])


def build(case: Case, day: str | None = None, scenario: Scenario | None = None) -> Built:
    """Compile a case's model without the sampler, in PyTensor's fastest mode to compile."""
    layout = build_layout(case, case.evidence(as_of=day), case.target, scenario)
    model = build_model(layout.structure, dict(layout.data))
    values = [model.rvs_to_values[variable] for variable in model.free_RVs]
    natural = [*model.free_RVs, *model.deterministics]
    outputs = [*natural, *model.potentials]
    replaced = model.replace_rvs_by_values(outputs)
    total = model.logp(jacobian=False)
    function = model.compile_fn(
        [total, *replaced], inputs=values, mode="FAST_COMPILE", point_fn=False
    )
    start = model.initial_point()
    return Built(
        case=case,
        layout=layout,
        names=tuple(str(variable.name) for variable in model.free_RVs),
        shapes=tuple(np.shape(start[value.name]) for value in values),
        evaluate=function,
        outputs=tuple(str(variable.name) for variable in outputs),
    )


def small(parent: Path) -> Case:
    """The small case with every kind of evidence, and a feature."""
    changed = {"evidence.csv": EVIDENCE + MORE, "features.csv": FEATURES}
    return load(write_case(parent, changed))


CASES = [
    "small",
    "small, published",
    "small, known scales",
    "tied by a total",
    "sebac 22 June",
    "sebac 26",
]
KNOWN_SCALES = Priors(
    tau_union=PositiveNormal(mean=0.5, sd=0.2),
    tau_unit=PositiveNormal(mean=0.4, sd=0.3),
    tau_turnout_union=PositiveNormal(mean=0.3, sd=0.1),
)


@pytest.fixture(scope="module", params=CASES)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Models whose evidence has every kind of row, and the founding case's."""
    if request.param == "sebac 22 June":
        return build(load("sebac-2011"), "2011-06-22")
    if request.param == "sebac 26":
        return build(load("sebac-2011"), "2011-06-26")
    if request.param == "tied by a total":
        return build(tied_by_a_total(tmp_path_factory.mktemp("cases")))
    scenario = PUBLISHED if "published" in request.param else None
    case = small(tmp_path_factory.mktemp("cases"))
    if "scales" in request.param:
        case = case.with_priors(KNOWN_SCALES)
    return build(case, scenario=scenario)


@pytest.mark.slow
def test_every_term_is_the_one_written_plainly(built: Built) -> None:
    """From point to point every likelihood term changes as SciPy and loops over leaves say."""
    likely = 0
    first: dict[str, float] = {}
    for seed in range(12):
        _, terms, point = built.at(built.random_point(seed))
        for name, said in density.log_likelihood(built.case, built.layout, point).items():
            if name == "log_approvals":  # it has no constant; below 1e-13 a row is cut off
                likely += said > LEAST
                assert said < LEAST or float(terms[name]) == pytest.approx(said, abs=1e-6), seed
                continue
            left = float(terms[name]) - said
            constant = first.setdefault(name, left)
            assert left == pytest.approx(constant, rel=1e-8, abs=1e-6), (name, seed)
    assert likely >= 3


@pytest.mark.slow
def test_the_instant_engine_has_the_same_terms(built: Built) -> None:
    """Both engines' likelihoods change alike from point to point, term by term."""
    likely = 0
    first: dict[str, float] = {}
    for seed in range(12):
        _, terms, point = built.at(built.random_point(seed))
        for name, said in instant_terms(built.layout, point).items():
            if name == "log_approvals":  # a Fourier sum there, a recursion here
                likely += said > LEAST
                assert said < LEAST or float(terms[name]) == pytest.approx(said, abs=1e-6), seed
                continue
            left = float(terms[name]) - said
            constant = first.setdefault(name, left)
            assert left == pytest.approx(constant, rel=1e-8, abs=1e-8), (name, seed)
    assert likely >= 3


def instant_terms(layout: Layout, point: dict[str, np.ndarray]) -> dict[str, float]:
    """The instant engine's terms at a point, summed over its blocks."""
    problem, structure = Problem(layout), layout.structure
    shared = Shared(
        mu=point["mu"].reshape(1),
        swing=np.reshape(point.get("swing", ()), (1, -1)),
        nu=point["nu"][None],
        tau=point["tau"][None],
        tau_turnout=point["tau_turnout"][None],
        correlation=point["correlation"].reshape(1),
        persistence=np.reshape(point.get("persistence", 0.0), 1),
        beta=np.reshape(point.get("beta", ()), (1, -1)),
        kappa=np.reshape(point.get("kappa", 0.0), 1),
    )
    found: dict[str, float] = {}
    logits: dict[int, np.ndarray] = {}
    for batch in problem.batches:
        maps = Effects(batch.tree, shared)
        lasting = [
            point[name][batch.tree.repeated]
            if structure.repeated
            else np.zeros((len(batch.blocks), 0))
            for name in ("lasting", "lasting_turnout")
        ]
        own = [point[name][batch.tree.nodes] for name in ("z", "z_turnout")]
        effects = np.concatenate([*own, *lasting], axis=1)[:, None, None]
        at = maps.means[:, :, None] + maps.logits(effects)
        logits |= {block: at[i] for i, block in enumerate(batch.blocks)}
        for name, value in batch.reports.terms(at).items():
            found[name] = found.get(name, 0.0) + float(value.sum())
    numbers = 0.0
    for term in problem.approvals.terms:
        law = np.ones((1, 1))
        for block in term.units:
            law = convolved(law, problem.approvals.law(term, block, logits[block])[:, 0])
        numbers += float(term.log_inside(law)[0])
    return found | {"log_approvals": numbers}


@pytest.mark.slow
def test_directions_and_anchors_leave_the_posterior_as_it_is(built: Built) -> None:
    """The sampled density is prior times likelihood times the Jacobian of what was replaced."""
    reference = None
    for seed in (11, 12, 13):
        raw = built.random_point(seed)
        total, terms, point = built.at(raw)
        natural = sum(density.log_prior(built.layout, point).values())
        natural += sum(
            float(terms[name]) for name in density.log_likelihood(built.case, built.layout, point)
        )
        _, log_jacobian = np.linalg.slogdet(jacobian(built, raw))
        left = total - natural - log_jacobian
        reference = left if reference is None else reference
        assert left == pytest.approx(reference, abs=2e-4), seed


@pytest.mark.parametrize("rest", [-3.0, 0.0, 0.2, 4.0])
@pytest.mark.parametrize("norm", [NO_SCALE, 0.01, 0.3, 2.0])
def test_a_bent_line_reaches_everywhere(rest: float, norm: float) -> None:
    """Bending an outcome's edge cuts nothing off, and does nothing where a scale is near zero."""
    import pytensor.tensor as pt

    old = np.linspace(-1e4, 1e4, 20_001)
    new = bend(pt.as_tensor(old), rest, pt.as_tensor(norm), WIDTH)[0].eval()
    assert (np.diff(new) > 0).all()
    assert new[0] < 0.5 * old[0] * WIDTH / np.hypot(WIDTH, norm)
    assert new[-1] > 0.5 * old[-1]
    if norm == NO_SCALE:
        np.testing.assert_allclose(new, old, atol=0.01)
    middle = np.linspace(-8, 8, 1601)
    step = 1e-4
    ends = [bend(pt.as_tensor(middle + d), rest, pt.as_tensor(norm), WIDTH) for d in (step, -step)]
    slope = (ends[0][0].eval() - ends[1][0].eval()) / (2 * step)
    exact = bend(pt.as_tensor(middle), rest, pt.as_tensor(norm), WIDTH)[1].eval()
    np.testing.assert_allclose(np.log(slope), exact, atol=1e-5)


def jacobian(built: Built, raw: np.ndarray) -> np.ndarray:
    """Derivatives of the replaced parameters by the raw ones, by central differences."""
    step, columns = 1e-5, []
    for index in range(len(raw)):
        ends = []
        for sign in (1, -1):
            moved = raw.copy()
            moved[index] += sign * step
            ends.append(replaced(built, moved))
        columns.append((ends[0] - ends[1]) / (2 * step))
    return np.array(columns).T


def replaced(built: Built, raw: np.ndarray) -> np.ndarray:
    """All parameters as one vector, in the order of the raw ones.

    Bounded ones enter as sampled (transformed): the model's density is asked for without theirs.
    """
    _, _, point = built.at(raw)
    sizes = [int(np.prod(shape)) for shape in built.shapes]
    parts = dict(zip(built.names, np.split(raw, np.cumsum(sizes)[:-1]), strict=True))
    return np.concatenate(
        [
            np.ravel(part if name in ("correlation", "persistence") else point[name])
            for name, part in parts.items()
        ]
    )


@pytest.mark.slow
def test_signs_of_the_scales_change_nothing(built: Built) -> None:
    """Unfolded draws have positive scales and the same yes shares and turnouts."""
    _, _, point = built.at(built.random_point(21))
    _, _, raw = built.at(built.random_point(21))
    draws = {name: np.asarray(value)[None, None] for name, value in raw.items()}
    for effect, name in (("effect", "z"), ("turnout_effect", "z_turnout")):
        draws[effect] = draws.pop(name)
        draws[name] = np.zeros_like(draws[effect])
    unfolded = unfold(built.layout.structure, draws)
    assert (unfolded["tau"] > 0).all()
    assert (unfolded["tau_turnout"] > 0).all()
    plain = {name: value[0, 0] for name, value in unfolded.items()}
    before = density.shares(built.case, built.layout, point)
    after = density.shares(built.case, built.layout, plain)
    for key, both in before.items():
        np.testing.assert_allclose(after[key], both, rtol=EXACT)


@pytest.mark.slow
def test_new_evidence_and_priors_need_no_new_model(tmp_path: Path) -> None:
    """Another day and another prior on the same tree change arrays, not the structure."""
    case = load("sebac-2011")
    layouts = [
        build_layout(case, case.evidence(as_of=f"2011-06-{day}"), case.target)
        for day in ("17", "24", "26")
    ]
    wider = replace(case.priors, tau_union=replace(case.priors.tau_union, sd=1.2))
    layouts.append(build_layout(replace(case, priors=wider), case.evidence(), case.target))
    assert len({layout.structure.key for layout in layouts}) == 1
