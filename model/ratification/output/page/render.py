"""From a page's values to one HTML file: a single template call, everything inlined."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import altair as alt
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ratification.output.page.notice import Notice, at
from ratification.output.page.page import Page

FOLDER = "ratification.reports"


def render(page: Page, *, notice: Notice | None = None, bundle: str | None = None) -> str:
    """The page as HTML. `bundle` stands in for the scripts that draw charts, in tests."""
    script = vega_bundle() if bundle is None else bundle
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            page=page,
            notice=Markup(notice_html(notice) if notice else ""),
            style=Markup(_text("page.css")),
            script=Markup(_text("page.js")),
            calculator=Markup(_text("calculator.js")),
            bundle=Markup(script.replace("</script", "<\\/script")),
        )
    )


def notice_html(notice: Notice) -> str:
    """What a page says of its own age."""
    return (
        _environment()
        .get_template("notice.html.j2")
        .render(
            notice=notice,
            made=at(notice.made) if notice.made else "",
            since=at(notice.since) if notice.since else "",
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(FOLDER, ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["script_json"] = script_json
    return environment


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
