"""A hash of plain values that is the same in every process and on every machine."""

import hashlib
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from datetime import date, timedelta
from enum import Enum
from fractions import Fraction
from pathlib import PurePath

import numpy as np

PLAIN = (str, bytes, int, float, complex, bool, type(None), date, timedelta, Fraction, PurePath)


def job_fingerprint(value: object, known: dict[int, str] | None = None) -> str:
    """SHA-256 of a value: numbers, texts, days, arrays, and collections and dataclasses of them.

    The order of a mapping or set does not change it, nor does it matter whether a sequence is a
    list or a tuple. `known` keeps the hashes of dataclasses by identity, for calls on values that
    share such parts and live until the last: jobs of one run share their case.

    Raises:
        TypeError: a value of another kind, whose repr might say too little or too much.
    """
    digest = hashlib.sha256()
    for piece in _pieces(value, {} if known is None else known):
        digest.update(piece)
    return digest.hexdigest()


def _pieces(value: object, known: dict[int, str]) -> Iterator[bytes]:
    """The bytes a value is hashed as. Each begins with its kind and its length, so none run on."""
    if isinstance(value, Enum):
        yield from _named("enum", f"{_kind(value)}.{value.name}".encode())
    elif isinstance(value, PLAIN):
        yield from _named(type(value).__name__, repr(value).encode())
    elif isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "biufcSUmM":
        yield from _named(f"array {value.shape} {value.dtype.str}", value.tobytes())
    elif is_dataclass(value) and not isinstance(value, type):
        if id(value) not in known:
            own = {entry.name: getattr(value, entry.name) for entry in fields(value)}
            known[id(value)] = job_fingerprint((_kind(value), own), known)
        yield from _named("dataclass", known[id(value)].encode())
    elif isinstance(value, Mapping):
        pairs = [(job_fingerprint(k, known), job_fingerprint(v, known)) for k, v in value.items()]
        yield from _named("mapping", repr(sorted(pairs)).encode())
    elif isinstance(value, AbstractSet):
        hashes = sorted(job_fingerprint(entry, known) for entry in value)
        yield from _named("set", repr(hashes).encode())
    elif isinstance(value, list | tuple):
        yield from _named("sequence", str(len(value)).encode())
        for entry in value:
            yield from _pieces(entry, known)
    elif callable(value) and hasattr(value, "__qualname__") and "<" not in value.__qualname__:
        yield from _named("function", f"{value.__module__}.{value.__qualname__}".encode())
    else:
        raise TypeError(f"a job cannot be given a {_kind(value)}: it has no lasting fingerprint")


def _named(kind: str, content: bytes) -> Iterator[bytes]:
    yield f"{kind} {len(content)}\x00".encode()
    yield content


def _kind(value: object) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"
