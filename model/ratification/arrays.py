"""Arrays with their shapes, as signatures state them.

mypy reads them, and the tests, which load jaxtyping first, hold every call to them. Elsewhere
nothing does, and they are left out: jaxtyping takes half as long to load as NumPy.
"""

import sys
from typing import TYPE_CHECKING, Any

__all__ = ["Bool", "Float", "Int", "Num", "Shaped"]

if TYPE_CHECKING or "jaxtyping" in sys.modules:
    from jaxtyping import Bool, Float, Int, Num, Shaped
else:

    class Shaped:
        """An array of whatever type and shape."""

        def __class_getitem__(cls, item: tuple[Any, str]) -> Any:
            """The array type that `Shaped[type, shape]` is about."""
            return item[0]

    Bool = Float = Int = Num = Shaped
