"""Posterior draws of either engine as an ArviZ tree."""

from typing import TYPE_CHECKING

from ratification.inference.posterior import Posterior

if TYPE_CHECKING:
    import xarray as xr

DIMENSIONS = {
    "z": ["node"],
    "z_turnout": ["node"],
    "tau": ["level"],
    "tau_turnout": ["level"],
    "nu": ["round"],
    "swing": ["later_round"],
    "lasting": ["repeated"],
    "lasting_turnout": ["repeated"],
    "beta": ["feature"],
}


def tree_of(posterior: Posterior) -> "xr.DataTree":
    """The draws with their axes named; resampled from weighted points, they all count alike."""
    from arviz_base import from_dict

    draws = dict(posterior.draws)
    dims = {name: axes for name, axes in DIMENSIONS.items() if name in draws}
    coords = posterior.layout.structure.coords
    tree: xr.DataTree = from_dict({"posterior": draws}, coords=coords, dims=dims)
    tree.attrs |= {"engine": posterior.engine, "seed": posterior.seed}
    return tree
