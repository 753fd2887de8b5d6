"""Priors: what is believed before any report, each with its reason beside it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace

from ratification.case.unitsets import near_miss
from ratification.case.values import shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Normal:
    """A normal prior."""

    mean: float
    sd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PositiveNormal:
    """A prior of a scale: normal, cut off at zero. Half-normal where its mean is 0."""

    mean: float = 0.0
    sd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Beta:
    """A beta prior of a share."""

    a: float
    b: float


Prior = Normal | PositiveNormal | Beta


@dataclass(frozen=True, slots=True, kw_only=True)
class Priors:
    """Every prior of the model. Scales and means are on the logit scale."""

    # Packages that leaders recommend usually pass, but a coalition's mean yes share of 33% to 82%
    # must all be believable: logit 0.4 is 60%, two sds reach 31% and 83%.
    mu: Normal = field(default_factory=lambda: Normal(mean=0.4, sd=0.6))
    # Measured spreads: 26 Swiss cantons 0.36 (370 votes), six Australian states 0.24, university
    # union branches 0.36, Australian electorates 0.49; contested packages spread more.
    tau_union: PositiveNormal = field(default_factory=lambda: PositiveNormal(sd=0.6))
    # Units of one union share employer and leaders: a little closer than unions are.
    tau_unit: PositiveNormal = field(default_factory=lambda: PositiveNormal(sd=0.5))
    # Locals of one unit do the same work.
    tau_local: PositiveNormal = field(default_factory=lambda: PositiveNormal(sd=0.3))
    # Contract votes of this weight draw 55% to 90%: logit 0.75 is 1.1.
    nu: Normal = field(default_factory=lambda: Normal(mean=1.0986, sd=0.5))
    # Measured spreads of logit turnout: 0.30, 0.18, 0.44, 0.26.
    tau_turnout_union: PositiveNormal = field(default_factory=lambda: PositiveNormal(sd=0.4))
    tau_turnout_unit: PositiveNormal = field(default_factory=lambda: PositiveNormal(sd=0.4))
    tau_turnout_local: PositiveNormal = field(default_factory=lambda: PositiveNormal(sd=0.3))
    # Angry unions vote more, or less: no sign is presumed. Kept within -1 and 1.
    correlation: Normal = field(default_factory=lambda: Normal(mean=0.0, sd=0.3))
    # Share of a unit's variance that persists between rounds: nothing presumed but "some".
    persistence: Beta = field(default_factory=lambda: Beta(a=2.0, b=2.0))
    # A round that repeats another starts from its coalition mean: SEBAC 2011 moved by 0.68.
    swing: Normal = field(default_factory=lambda: Normal(mean=0.0, sd=0.5))
    # A feature of one unit width moves yes share by a few points.
    beta: Normal = field(default_factory=lambda: Normal(mean=0.0, sd=0.3))
    # Who turns up at a straw poll is not who votes: 7 points either way at even odds.
    poll_bias: Normal = field(default_factory=lambda: Normal(mean=0.0, sd=0.3))
    # Published early returns: unknown sign, off unless a scenario publishes them.
    kappa: Normal = field(default_factory=lambda: Normal(mean=0.0, sd=0.15))


DEFAULT = Priors()
PRIOR_NAMES: tuple[str, ...] = tuple(entry.name for entry in fields(Priors))


class PriorError(ValueError):
    """A prior that does not exist or cannot hold."""


def changed(priors: Priors, name: str, values: Mapping[str, object]) -> Priors:
    """Replace some numbers of one prior.

    Raises:
        PriorError: no such prior or field, no number, or a scale that is not positive.
    """
    if name not in PRIOR_NAMES:
        raise PriorError(f"prior {shown(name)} does not exist.{near_miss(name, PRIOR_NAMES)}")
    prior: Prior = getattr(priors, name)
    known = [entry.name for entry in fields(prior)]
    for key, value in values.items():
        if key not in known:
            raise PriorError(f"prior {name!r} has no {shown(key)}: it has {', '.join(known)}")
        _refuse_bad(name, key, value)
    return replace(priors, **{name: replace(prior, **{k: float(v) for k, v in values.items()})})  # type: ignore[arg-type]


def _refuse_bad(name: str, key: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PriorError(f"prior {name}.{key} is {shown(value)}, not a number")
    if not -100 <= value <= 100:
        raise PriorError(
            f"prior {name}.{key} is {shown(value)}: outside -100 to 100 on the logit scale"
        )
    if key != "mean" and value <= 0:
        raise PriorError(f"prior {name}.{key} is {shown(value)}: it must be above 0")
    if key == "mean" and name.startswith("tau") and value < 0:
        raise PriorError(f"prior {name}.{key} is {shown(value)}: it must be 0 or above")


def set_from_text(priors: Priors, text: str) -> Priors:
    """Apply `tau_union=0.4` or `mu.mean=0.2`, as `--set` takes it. A bare name sets `sd`.

    Raises:
        PriorError: the text is not understood, or the prior cannot hold it.
    """
    name, equals, number = text.partition("=")
    if not equals:
        raise PriorError(f"{shown(text)} is not prior=value")
    name, _, key = name.strip().partition(".")
    try:
        value = float(number)
    except ValueError:
        raise PriorError(f"{shown(number.strip())} in {shown(text)} is not a number") from None
    if not key:
        key = default_key(name)
    return changed(priors, name, {key: value})


def settings_of(priors: Priors) -> list[str]:
    """What makes these priors from the defaults, as `--set` takes it: `tau_union.sd=0.4`."""
    return [
        f"{name}.{key}={value!r}"
        for name in PRIOR_NAMES
        for key, value in asdict(getattr(priors, name)).items()
        if value != getattr(getattr(DEFAULT, name), key)
    ]


def default_key(name: str) -> str:
    """What a bare number sets: the mean of `mu`, `nu` and `swing`, the scale of the others.

    Raises:
        PriorError: there is no single number to set.
    """
    if name == "persistence":
        raise PriorError("prior 'persistence' has two numbers: set persistence.a, persistence.b")
    return "mean" if name in ("mu", "nu", "swing") else "sd"
