"""From a page's values to one HTML file: a single template call, everything inlined."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import altair as alt
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ratification.output.page.page import Page

FOLDER = "ratification.reports"


def render(page: Page, *, bundle: str | None = None) -> str:
    """The page as HTML. `bundle` stands in for the scripts that draw charts, in tests."""
    environment = Environment(
        loader=PackageLoader(FOLDER, ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["script_json"] = script_json
    script = vega_bundle() if bundle is None else bundle
    return environment.get_template("page.html.j2").render(
        page=page,
        style=Markup(_text("page.css")),
        script=Markup(_text("page.js")),
        calculator=Markup(_text("calculator.js")),
        bundle=Markup(script.replace("</script", "<\\/script")),
    )


def script_json(value: Mapping[str, Any]) -> Markup:
    """JSON that is safe inside a script element: no text in it can end the element."""
    told = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    for sign in "<>&\u2028\u2029":
        told = told.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(told)


def _text(name: str) -> str:
    return files(FOLDER).joinpath(name).read_text(encoding="utf-8")


@cache
def vega_bundle() -> str:
    """Vega, Vega-Lite and Vega-Embed in the versions that this Altair writes specs for."""
    import vl_convert

    version = "_".join(alt.VEGALITE_VERSION.split(".")[:2])
    bundle: str = vl_convert.javascript_bundle(vl_version=version)  # type: ignore[call-arg]
    return bundle
