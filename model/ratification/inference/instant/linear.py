"""Systems of linear equations, one for each block and point."""

import numpy as np

from ratification.arrays import Float

Array = np.ndarray


def solve_lower(
    factor: Float[np.ndarray, "block point row row"],
    values: Float[np.ndarray, "block point copy row"],
) -> Float[np.ndarray, "block point copy row"]:
    """factor^-1 values, for a lower triangular factor."""
    found = np.empty_like(values)
    for row in range(values.shape[3]):
        known = np.einsum("bgj,bglj->bgl", factor[:, :, row, :row], found[..., :row])
        found[..., row] = (values[..., row] - known) / factor[:, :, row, row, None]
    return found


def solve_upper(
    factor: Float[np.ndarray, "block point row row"],
    values: Float[np.ndarray, "block point copy row"],
) -> Float[np.ndarray, "block point copy row"]:
    """factor^-T values, for a lower triangular factor."""
    found = np.empty_like(values)
    for row in reversed(range(values.shape[3])):
        known = np.einsum("bgj,bglj->bgl", factor[:, :, row + 1 :, row], found[..., row + 1 :])
        found[..., row] = (values[..., row] - known) / factor[:, :, row, row, None]
    return found


def solve_each(
    matrices: Float[np.ndarray, "*shape row row"], values: Float[np.ndarray, "*shape row"]
) -> Float[np.ndarray, "*shape row"]:
    """matrix^-1 values; not a number where a matrix is singular, where NumPy would stop."""
    try:
        return np.asarray(np.linalg.solve(matrices, values[..., None])[..., 0])
    except np.linalg.LinAlgError:
        singular = np.linalg.slogdet(matrices)[0] == 0
        safe = np.where(singular[..., None, None], np.eye(matrices.shape[-1]), matrices)
        found = np.linalg.solve(safe, values[..., None])[..., 0]
        return np.where(singular[..., None], np.nan, found)
