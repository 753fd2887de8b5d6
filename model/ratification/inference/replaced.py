"""What NUTS samples in place of an effect or a mean of which something was seen.

Directions and anchors, and why: `directions`. Every change of variables is exact: the log prior and
the Jacobian make up for it, so the posterior is as it would be.
"""

from typing import Any

BEND = 2.0  # how sharply a line is bent


def moved(d: dict[str, Any], z: Any, offset: Any, each: Any, fixed: Any, incidence: Any) -> Any:
    """Effects with their component along each direction pinned or bent: see `directions`.

    A direction's sum of logits is rest + norm * w. Its old component c, standard normal in `z`,
    becomes w; the log prior and the Jacobian of that are added, so the posterior is unchanged.
    """
    import pymc as pm
    import pytensor.tensor as pt

    weights = d["direction_weights"]
    kind, at, width = (d["direction_kinds"][:, i] for i in range(3))
    old, rest, norm, slope = _components(weights, z, offset, each, fixed, incidence)
    pinned, pinned_jacobian = _pinned(old, rest, norm, at, width)
    side = pt.switch(kind < 0, -1.0, 1.0)
    bent, bent_jacobian = bend(side * old, side * rest, norm, width)
    pin = pt.eq(kind, 0.0)
    new = pt.switch(pin, pinned, side * bent)
    jacobian = pt.switch(pin, pinned_jacobian, bent_jacobian)
    pm.Potential("log_directions", _made_up(old, new, jacobian))
    return z + pt.dot((new - old) / norm, slope)


def moved_turnout(
    d: dict[str, Any], z: Any, offset: Any, each: Any, fixed: Any, incidence: Any
) -> Any:
    """The same for effects on turnout, which are pinned only."""
    import pymc as pm
    import pytensor.tensor as pt

    weights = d["turnout_weights"]
    at, width = (d["turnout_pins"][:, i] for i in range(2))
    old, rest, norm, slope = _components(weights, z, offset, each, fixed, incidence)
    new, jacobian = _pinned(old, rest, norm, at, width)
    pm.Potential("log_turnout_directions", _made_up(old, new, jacobian))
    return z + pt.dot((new - old) / norm, slope)


def _components(
    weights: Any, z: Any, offset: Any, each: Any, fixed: Any, incidence: Any
) -> tuple[Any, Any, Any, Any]:
    """Of effects along directions: old components, rest, norm, and slopes by effects."""
    import pytensor.tensor as pt

    full = pt.dot(weights, incidence)
    slope = full * each
    norm = pt.sqrt(pt.sum(slope**2, axis=1) + 1e-12)
    old = pt.dot(slope, z) / norm
    rest = pt.dot(weights, fixed) + pt.dot(full, offset)
    return old, rest, norm, slope


def _made_up(old: Any, new: Any, jacobian: Any) -> Any:
    """What leaves the posterior as it is when standard normal components are replaced."""
    import pytensor.tensor as pt

    return pt.sum(0.5 * old**2 - 0.5 * new**2 + jacobian)


def _pinned(old: Any, rest: Any, norm: Any, at: Any, width: Any) -> tuple[Any, Any]:
    """Components as they are likely to be given what was seen, and the log Jacobian.

    At a large scale that is on the scale of the evidence; as norm goes to zero it is `old` again.
    """
    import pytensor.tensor as pt

    both = width**2 + norm**2
    new = norm * (at - rest) / both + width * old / pt.sqrt(both)
    return new, pt.log(width) - 0.5 * pt.log(both)


def bend(old: Any, rest: Any, norm: Any, width: Any) -> tuple[Any, Any]:
    """Components bent where their sum goes below zero, and the log Jacobian.

    Below the edge the slope is the scale on which an outcome falls off there. It is never flat, so
    every component can be reached; as norm goes to zero it is `old` again.
    """
    import pytensor.tensor as pt

    edge = -(rest + width) / norm
    slope = width / pt.sqrt(width**2 + norm**2)
    past = BEND * (old - edge)
    new = edge + (pt.softplus(past) - slope * pt.softplus(-past)) / BEND
    return new, pt.log(slope + (1 - slope) * pt.sigmoid(past))


def anchored(d: dict[str, Any], name: str, value: Any, mean: Any, sd: Any, above: Any) -> Any:
    """A mean that puts the anchor near where it was seen: the deviation becomes the anchor's."""
    import pymc as pm
    import pytensor.tensor as pt

    used, at, width = (d[name][i] for i in range(3))
    old = (value - mean) / sd
    solved = at + width * old - pt.dot(d[f"{name}_weights"], above)
    new = (solved - mean) / sd
    pm.Potential(f"log_{name}", used * 0.5 * (old**2 - new**2))
    return pt.switch(used > 0, solved, value)
