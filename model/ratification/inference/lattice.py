"""Moves of several leaves that no equality notices: whole-number vectors of a kernel."""

from collections.abc import Sequence

import numpy as np


def moves_within(
    held: np.ndarray, alpha: np.ndarray, beta: np.ndarray, kinds: Sequence[np.ndarray]
) -> tuple[list[np.ndarray], int]:
    """Moves of yes and no of classes of leaves, (class, 2), that no constraint of a kind notices.

    `held` is (constraint, class), a kind a mask of constraints. Also returns how many of a kind
    are more than one leaf's own, or an exchange between two.
    """
    found: dict[bytes, np.ndarray] = {}
    most = 0
    for tight in kinds:
        if held.shape[1] > 1 and tight.sum() > 1:
            slopes = np.stack([alpha[tight], beta[tight]], axis=1)
            rows = held[tight][:, :, None] * slopes[:, None]
            basis = integer_kernel(rows.reshape(len(rows), -1))
            special = [move for move in basis if not _in_every_sweep(move)]
            most = max(most, len(special))
            for move in _combined(special, basis):
                found[move.tobytes()] = move.reshape(-1, 2)
    return list(found.values()), most


def integer_kernel(matrix: np.ndarray) -> list[np.ndarray]:
    """A basis of the whole-number vectors that a whole-number matrix takes to zero.

    Euclid's algorithm on columns, done alike to the identity below them (Cohen 1993, 2.4.3).
    """
    rows, columns = matrix.shape
    work = np.vstack([matrix.astype(np.int64), np.eye(columns, dtype=np.int64)])
    done = 0
    for row in range(rows):
        while True:
            filled = [k for k in range(done, columns) if work[row, k]]
            if len(filled) < 2:
                break
            least = min(filled, key=lambda k: abs(work[row, k]))
            for k in filled:
                if k != least:
                    work[:, k] -= work[row, k] // work[row, least] * work[:, least]
        if filled:
            work[:, [done, filled[0]]] = work[:, [filled[0], done]]
            done += 1
    return [work[rows:, k] for k in range(done, columns)]


def _in_every_sweep(move: np.ndarray) -> bool:
    """Whether a move is one leaf's own, or exchanges yes, or no, of two leaves."""
    by_class = move.reshape(-1, 2)
    moved = by_class[by_class.any(axis=1)]
    if np.abs(moved).max() > 1 or len(moved) > 2:
        return False
    return len(moved) == 1 or bool((moved[0] == -moved[1]).all() and np.abs(moved[0]).sum() == 1)


def _combined(special: Sequence[np.ndarray], basis: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Special vectors, and their sums and differences with any other of the basis."""
    pairs = [(v, w) for v in special for w in basis if v is not w]
    return [*special, *(v + w for v, w in pairs), *(v - w for v, w in pairs)]
