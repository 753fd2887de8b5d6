"""The page in a real browser: opened from a file, with the network off.

Debian's chromium, driven by Playwright. Where there is none, these tests are skipped and the
summary says so; with RATIFY_NEEDS_BROWSER set, as `.ci/run` sets it, they fail instead.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from hand_made import TWO_ROUNDS, make_case
from made_runs import MadeRuns, made_run
from playwright.sync_api import Browser, Page, sync_playwright
from ratification.answers.amend import amendments_of
from ratification.answers.estimates import difference, estimate
from ratification.answers.judging import Results, judge
from ratification.answers.run import Run
from ratification.api import backtest, load_family, timeline, write_backtest, write_report
from ratification.api.tuning import checked
from ratification.case.bylaws import All, Condition
from ratification.case.rounds import Joining, Scenario
from ratification.output import wording
from ratification.output.page.notice import Notice
from ratification.output.views.amend_words import chance, change_in_words

RULES = """\
[[bylaws]]
id = "old"
title = "Old bylaws"
text = "4 of 5 unions and 80% of members"
in_force = { until = 2011-12-31 }
[[bylaws.reading]]
id = "members"
title = "4 of 5 unions, which hold 80% of members"
all = [
    { measure = "approving unions", at_least = 4 },
    { measure = "members of approving unions", at_least = "80%" },
]
[[bylaws.reading]]
id = "ballots"
title = "4 of 5 unions, and two thirds of ballots are yes"
all = [
    { measure = "approving unions", at_least = 4 },
    { measure = "yes of ballots", at_least = "2/3" },
]
[[bylaws]]
id = "lax"
title = "Lax bylaws"
[[bylaws.reading]]
id = "either"
title = "Low turnout asks for less"
any = [
    { measure = "yes of ballots", more_than = "1/2" },
    { all = [
        { measure = "turnout", less_than = "1/2" },
        { measure = "yes of ballots", more_than = "1/3" },
    ] },
]
[[bylaws]]
id = "veto"
title = "Veto bylaws"
[[bylaws.reading]]
id = "b"
title = "Union b must approve, and no third may be opposed"
all = [{ approves = "b" }, { not = { measure = "opposed unions", at_least = "1/3" } }]
"""
UNIONS = "abcde"
PHONE, DESKTOP = 360, 1200


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's chromium. Its sandbox needs rights that a container rarely has."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Five unions, of which one has counted; four readings; no fit."""
    parent: Path = tmp_path_factory.mktemp("browser")
    rows = "".join(f"{u},,{u.upper()} union,{300 + 97 * i}\n" for i, u in enumerate(UNIONS))
    return made_run(
        make_case(
            parent,
            "unit,parent,name,members\n" + rows,
            "r1,june,2011-06-01,a,count,120,60,,,\nr2,june,2011-06-02,b,margin,,,10,40,\n",
            settings=TWO_ROUNDS,
            bylaws=RULES,
        )
    )


@pytest.fixture(scope="module")
def file(made: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page on disk."""
    path: Path = tmp_path_factory.mktemp("page") / "page.html"
    write_report(path, [made], note="A *note*.", author="The tests")
    return path


@pytest.fixture
def page(browser: Browser, file: Path) -> Iterator[Page]:
    """The page, opened offline; a word on the console or a request elsewhere fails the test."""
    yield from opened(browser, file)


def opened(browser: Browser, file: Path, **options: Any) -> Iterator[Page]:
    """A page opened from its file with every chart drawn, which must stay silent."""
    asked: dict[str, Any] = {"viewport": {"width": DESKTOP, "height": 900}} | options
    context = browser.new_context(offline=True, **asked)
    shown = context.new_page()
    wrong: list[str] = []
    shown.on("console", lambda message: wrong.append(f"{message.type}: {message.text}"))
    shown.on("pageerror", lambda error: wrong.append(str(error)))
    shown.on(
        "request",
        lambda r: None if r.url.startswith(("file:", "data:", "blob:")) else wrong.append(r.url),
    )
    shown.goto(file.as_uri())
    if asked.get("java_script_enabled", True):
        shown.wait_for_selector("html.charts-drawn")
    yield shown
    context.close()
    assert wrong == []


def test_every_chart_is_drawn(page: Page) -> None:
    """Each figure in view has an SVG with marks; one in a closed part is drawn when it opens.

    What is said of a chart to those who do not see it is ours, not "Vega visualization".
    """
    for part in page.locator("details.more").all():
        part.locator("summary").first.click()
    page.wait_for_function(
        "[...document.querySelectorAll('.chart')].every(c => c.classList.contains('drawn'))"
    )
    for figure in page.locator("figure").all():
        assert figure.locator(".chart svg").count() == 1
        assert figure.locator(".chart svg path, .chart svg text").count() > 3
        place = figure.locator(".chart")
        assert place.get_attribute("role") == "img"
        assert place.get_attribute("aria-roledescription") is None
        assert len(place.get_attribute("aria-label") or "") > len("Vega visualization")
        assert "Vega" not in (place.get_attribute("aria-label") or "")
        box = figure.locator(".chart svg").bounding_box()
        assert box is not None
        assert box["width"] > 200


def test_what_matters_now_can_be_read(browser: Browser, file: Path) -> None:
    """Its link leads to it; its bars are drawn, and its sentences fit a phone."""
    for shown in opened(browser, file, viewport={"width": PHONE, "height": 800}):
        shown.get_by_role("link", name="What matters now").click()
        part = shown.locator("section#pivots")
        assert part.locator("#chart-watch .chart svg path").count() > 3
        sentences = part.locator("> ul > li")
        assert sentences.count() >= 4
        for sentence in sentences.all():
            box = sentence.bounding_box()
            assert box is not None
            assert box["x"] + box["width"] <= PHONE


def chance_in(page: Page) -> tuple[float, float]:
    """The calculator's probability and its error, unrounded."""
    form = page.locator("form.calculator")
    return (
        float(form.get_attribute("data-probability") or "nan"),
        float(form.get_attribute("data-mcse") or "nan"),
    )


def test_the_calculator_says_what_the_forecast_says(page: Page, made: Run) -> None:
    """Under every reading as written: the same probability, the same error, the same words."""
    for rule in made.forecast.rules:
        page.select_option("select[name=reading]", f"{rule.bylaws}/{rule.reading}")
        p, mcse = chance_in(page)
        assert p == rule.estimate.probability, rule
        assert mcse == pytest.approx(rule.estimate.mcse, rel=1e-9), rule
        decided = rule.standing != "open"
        said = wording.percent(p, mcse=mcse, decided=decided)
        shown = f"{said} {wording.error(mcse, decided=decided)}".strip()
        assert page.locator("form.calculator output").inner_text() == shown


@pytest.mark.parametrize(
    ("unions", "share"), [("3", "50%"), ("5", "100%"), ("0", "0%"), ("4", "66.7%"), ("2", "2/3")]
)
def test_the_calculator_judges_as_python_does(
    page: Page, made: Run, unions: str, share: str
) -> None:
    """Thresholds that are typed give what judging gives, at equality too."""
    boxes = page.locator("form.calculator input[type=text]")
    boxes.nth(0).fill(unions)
    boxes.nth(1).fill(share)
    number = Fraction(share[:-1]) / 100 if share.endswith("%") else Fraction(share)
    reading = made.readings[0].reading
    assert isinstance(reading.rule, All)
    parts = [
        Condition(measure=p.measure, comparison=p.comparison, threshold=t, share=p.share, text="")
        for p, t in zip(reading.rule.parts, (Fraction(unions), number), strict=True)
        if isinstance(p, Condition)
    ]
    asked = type(reading)(id="x", title="x", rule=All(parts=tuple(parts)))
    worlds = made.simulations[0].worlds
    found = estimate(judge(asked, Results.of(worlds, made.case.electorate)), worlds)
    p, mcse = chance_in(page)
    assert p == found.probability
    assert mcse == pytest.approx(found.mcse, rel=1e-9)
    results = Results.of(worlds, made.case.electorate)
    paired = difference(judge(asked, results), judge(reading, results), worlds)
    form = page.locator("form.calculator")
    assert float(form.get_attribute("data-difference") or "nan") == pytest.approx(paired.value)
    shown = float(form.get_attribute("data-difference-mcse") or "nan")
    assert shown == pytest.approx(paired.mcse, rel=1e-9)


def test_what_is_no_threshold_is_refused(page: Page) -> None:
    """Nonsense is named, gives no number, and leaves when the bylaws are set back."""
    box = page.locator("form.calculator input[type=text]").nth(1)
    for nonsense in ("most", "140%", "1/0", "-3"):
        box.fill(nonsense)
        assert box.get_attribute("aria-invalid") == "true"
        assert page.locator("form.calculator output").inner_text() == ""
        assert "is no share" in page.locator("form.calculator .words").inner_text()
    page.locator("form.calculator button[type=reset]").click()
    assert page.locator("form.calculator output").inner_text() != ""


def test_words_are_those_of_python(page: Page) -> None:
    """Percent, error and frequency in the browser equal the one wording function's."""
    values = [i / 2000 for i in range(2001)] + [0.00999, 0.0101, 0.989, 0.9901, 0.995, 0.125, 0.385]
    errors = [0.0, 0.0004, 0.001, 0.0011, 0.0049, 0.005, 0.0321]
    script = """([values, errors]) => values.map(
        p => [errors.map(e => percent(p, e)), frequency(p)]).concat([errors.map(errorText)])"""
    *told, told_errors = page.evaluate(script, [values, errors])
    for value, (percents, often) in zip(values, told, strict=True):
        assert percents == [wording.percent(value, mcse=e) for e in errors], value
        assert often == wording.frequency(value), value
    assert told_errors == [wording.error(e) for e in errors]
    script = "([apart, errors]) => apart.map(d => errors.map(e => pointsText(d, e)))"
    apart = [0.0, 0.0004, 0.0006, -0.004, 0.005, -0.0051, 0.125, -0.385, 0.5429, 0.9951, -1.0]
    told = page.evaluate(script, [apart, errors])
    assert told == [[wording.points(d, e) for e in errors] for d in apart]


def test_the_smallest_changes_are_a_link_away(page: Page, made: Run) -> None:
    """The section is in the contents; its table has each change with its chance, in order."""
    page.locator("nav a[href='#amend']").click()
    part = page.locator("#amend")
    assert part.is_visible()
    found = amendments_of(made, made.simulations[0], made.main, 0.9)
    assert found.frontier
    rows = part.locator("table").first.locator("tbody tr")
    assert rows.count() == len(found.frontier)
    for row, entry in zip(rows.all(), found.frontier, strict=True):
        words = change_in_words(entry, made.case.electorate)
        assert row.locator("th").inner_text() == words
        assert row.locator("td").first.inner_text().startswith(chance(entry))
    assert part.get_by_text("points of yes share in every vote still out").is_visible()


def test_keyboard_alone_works_the_calculator(page: Page) -> None:
    """Tab reaches the skip link first, then every control; arrows move a threshold."""
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.type") == "range":
            break
    before = chance_in(page)
    page.keyboard.press("ArrowLeft")
    assert page.locator("form.calculator input[type=text]").first.input_value() == "3"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    for _ in range(20):
        page.keyboard.press("ArrowLeft")
    assert page.locator("form.calculator input[type=text]").last.input_value() == "60%"
    assert chance_in(page) != before
    assert "points" in page.locator("form.calculator .compared").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_nothing_keeps_people_out(browser: Browser, file: Path, scheme: str, width: int) -> None:
    """axe-core finds no serious or critical violation, on phone and desktop, light and dark."""
    size = {"width": width, "height": 800}
    for shown in opened(browser, file, color_scheme=scheme, viewport=size):
        for part in shown.locator("details").all():
            part.evaluate("part => part.open = true")
        assert keeps_out(shown) == []


def keeps_out(shown: Page) -> list[tuple[str, list[str]]]:
    """Serious and critical violations that axe-core finds, with the first places of each."""
    found = Axe().run(shown).response["violations"]
    serious = [v for v in found if v["impact"] in ("serious", "critical")]
    return [(v["id"], [n["html"][:120] for n in v["nodes"][:3]]) for v in serious]


def test_a_phone_never_scrolls_sideways(browser: Browser, file: Path) -> None:
    """At 360 pixels the page is no wider than the screen; only tables scroll, in themselves."""
    for shown in opened(browser, file, viewport={"width": PHONE, "height": 800}):
        wide = shown.evaluate("document.documentElement.scrollWidth")
        assert wide <= PHONE


def test_dark_mode_follows_the_system(browser: Browser, file: Path) -> None:
    """Dark paper, light ink, and charts whose text is as light as the page's."""
    for shown in opened(browser, file, color_scheme="dark"):
        ink = shown.evaluate("getComputedStyle(document.documentElement).color")
        paper = shown.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        label = shown.evaluate("getComputedStyle(document.querySelector('.chart svg text')).fill")
        assert _brightness(ink) > 200 > 60 > _brightness(paper)
        assert label == ink


def _brightness(colour: str) -> float:
    return float(np.mean([float(x) for x in colour[4:-1].split(",")[:3]]))


def test_without_javascript_tables_stand_in(browser: Browser, file: Path) -> None:
    """The calculator's form is not shown; the sweep's table opens, and every chance can be read."""
    for shown in opened(browser, file, java_script_enabled=False):
        assert not shown.locator("form.calculator").is_visible()
        table = shown.locator("[id^=chart-sweep] details.data").first
        table.locator("summary").click()
        assert table.locator("table").is_visible()
        assert shown.get_by_text("The calculator needs JavaScript").is_visible()


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_no_chart_is_cut_in_print(page: Page, paper: str) -> None:
    """Printed, every chart is narrower and lower than a page, and must not break inside."""
    width, height = {"A4": (794, 1123), "Letter": (816, 1056)}[paper]
    margin = 2 * 57  # 15 mm each side
    page.emulate_media(media="print")
    page.set_viewport_size({"width": width - margin, "height": height})
    for svg in page.locator(".chart svg:visible").all():
        box = svg.bounding_box()
        assert box is not None
        assert box["width"] <= width - margin + 1
        assert box["height"] <= height - margin
    styles = page.evaluate(
        "[...document.querySelectorAll('figure')].map(f => getComputedStyle(f).breakInside)"
    )
    assert set(styles) == {"avoid"}
    assert len(page.pdf(format=paper)) > 10_000


def test_downloads_are_what_the_page_carries(page: Page, made: Run) -> None:
    """The JSON that is handed out is the contract's, the CSV counts every simulated vote."""
    with page.expect_download() as waited:
        page.get_by_role("button", name="Forecast as JSON").click()
    found = json.loads(Path(waited.value.path()).read_text())
    assert found["forecasts"][0]["probability"] == made.forecast.rules[0].estimate.probability
    with page.expect_download() as waited:
        page.get_by_role("button", name="as CSV").click()
    rows = Path(waited.value.path()).read_text().splitlines()
    assert sum(int(row.split(",")[-1]) for row in rows[1:]) == made.forecast.worlds


def test_hostile_names_run_nothing(browser: Browser, tmp_path: Path) -> None:
    """Quotes, right-to-left marks and 500 characters in names are shown, and break nothing."""
    name = '"Union" \' \N{HEBREW LETTER ALEF}\N{RIGHT-TO-LEFT MARK} & <b>' + "n" * 500
    case = make_case(tmp_path, "unit,parent,members\na,,100\nb,,100\n")
    tree = case.electorate
    named = replace(tree, units=tuple(replace(unit, name=name) for unit in tree.units))
    made = made_run(replace(case, electorate=named))
    path = tmp_path / "page.html"
    write_report(path, [made], title="<script>window.ran = 1</script>")
    for shown in opened(browser, path, viewport={"width": PHONE, "height": 800}):
        assert shown.evaluate("window.ran") is None
        assert shown.title() == "<script>window.ran = 1</script>"
        assert shown.evaluate("document.documentElement.scrollWidth") <= PHONE


def test_how_the_forecast_moved_is_drawn(browser: Browser, made: Run, tmp_path: Path) -> None:
    """Every reading has a line over the days with news; nothing keeps people out of the section."""
    path = tmp_path / "page.html"
    moved = timeline(made.case, runs=MadeRuns(), worlds=500, last=made)
    write_report(path, [made], timelines=[moved])
    for shown in opened(browser, path):
        section = shown.locator("#timeline")
        assert section.locator("h2").inner_text() == "How the forecast moved"
        drawn = section.locator("#chart-timeline .chart svg")
        assert (
            drawn.locator("g.mark-line path[aria-roledescription], g.mark-line path").count() >= 4
        )
        assert "2 June 2011" in (drawn.text_content() or "")
        assert section.locator("table.reports tbody tr").count() == 3
        assert Axe().run(shown, context="#timeline").response["violations"] == []


@pytest.fixture(scope="module")
def checked_file(made: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with the checks of its model."""
    path: Path = tmp_path_factory.mktemp("checked") / "page.html"
    write_report(path, [made], tunings=[checked(made, runs=MadeRuns(), worlds=2000)])
    return path


@pytest.mark.parametrize(("scheme", "width"), [("light", DESKTOP), ("dark", PHONE)])
def test_checks_of_the_model_are_drawn_and_read(
    browser: Browser, checked_file: Path, scheme: str, width: int
) -> None:
    """A symbol for every reported union, tables that open, nothing cut, nobody kept out."""
    screen = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
    for shown in opened(browser, checked_file, **screen):
        figure = shown.locator("#chart-left-out")
        assert figure.locator(".chart svg .mark-symbol path").count() >= 2
        assert figure.locator("figcaption").inner_text().endswith("range: 1 of 1")
        part = shown.locator("section#method")
        for fold in part.locator("details.data").all():
            fold.locator("summary").click()
        assert part.get_by_role(
            "region", name="A dash: too few simulated votes differ"
        ).is_visible()
        assert shown.evaluate("document.documentElement.scrollWidth") <= width
        assert keeps_out(shown) == []


@pytest.fixture(scope="module")
def stale(made: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page whose numbers are three hours old; seven minutes ago an edit could not be used."""
    path: Path = tmp_path_factory.mktemp("stale") / "page.html"
    now = datetime.now(UTC)
    reasons = ["made/evidence.csv:4: result 'aproved' is none of approved, rejected, abstained"]
    reasons += [f"made/evidence.csv:{line}: unit {'x' * 90} is not there" for line in range(5, 16)]
    notice = Notice(
        made=now - timedelta(hours=3, minutes=5),
        since=now - timedelta(minutes=7, seconds=5),
        reasons=reasons,
    )
    write_report(path, [made], notice=notice)
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_a_stale_page_says_so_first(browser: Browser, stale: Path, scheme: str, width: int) -> None:
    """The notice stands above the answer, with ages, keeps nobody out, and is not too wide."""
    for shown in opened(
        browser, stale, color_scheme=scheme, viewport={"width": width, "height": 800}
    ):
        notice = shown.locator(".notice")
        assert notice.is_visible()
        said = notice.inner_text()
        assert "not in these numbers" in said
        assert "(7 minutes ago)" in said
        assert "(3 hours ago)" in said
        assert "'aproved'" in said
        assert "and 4 more" in said
        box, answer = notice.bounding_box(), shown.locator(".headline").bounding_box()
        assert box is not None
        assert answer is not None
        assert box["y"] + box["height"] <= answer["y"]
        assert shown.evaluate("document.documentElement.scrollWidth") <= width
        found = Axe().run(shown, context=".notice").response["violations"]
        assert [v["id"] for v in found if v["impact"] in ("serious", "critical")] == []


def test_a_stale_page_says_so_without_javascript(browser: Browser, stale: Path) -> None:
    """The times stand in the text; only how long ago they were needs a script."""
    for shown in opened(browser, stale, java_script_enabled=False):
        said = shown.locator(".notice").inner_text()
        assert "It cannot be used, since" in said
        assert "ago" not in said


def test_a_page_in_date_says_when_it_was_made(browser: Browser, made: Run, tmp_path: Path) -> None:
    """It grows old while it is open: a minute later it says so."""
    path = tmp_path / "page.html"
    write_report(path, [made], notice=Notice(made=datetime.now(UTC) - timedelta(seconds=50)))
    for shown in opened(browser, path):
        assert "Made at" in shown.locator(".notice").inner_text()
        shown.get_by_text("(1 minute ago)").wait_for(timeout=120_000)


def test_scenarios_of_another_coalition_are_read_and_calculated(
    browser: Browser, tmp_path: Path
) -> None:
    """A union more and one less: the matrix stands on the page, and the calculator agrees."""
    rows = "".join(f"{u},,{300 + 97 * i}\n" for i, u in enumerate(UNIONS))
    case = make_case(tmp_path, "unit,parent,members\n" + rows, settings=TWO_ROUNDS, bylaws=RULES)
    changed = Scenario(
        id="changed",
        title="Union a stays away, e leaves, f joins",
        round="june",
        abstaining=("a",),
        leaving=("e",),
        joining=(Joining(id="f", name="F union", members=700),),
    )
    case = replace(case, scenarios=(changed,))
    made = made_run(case, scenarios=["as-voted", "changed"])
    path = tmp_path / "page.html"
    write_report(path, [made])
    for shown in opened(browser, path, viewport={"width": PHONE, "height": 800}):
        section = shown.locator("#scenarios")
        assert section.locator("h2").inner_text() == "What would change it"
        assert section.locator("table").count() == 2
        assert "Union a stays away" in section.inner_text()
        assert shown.evaluate("document.documentElement.scrollWidth") <= PHONE
        serious = [
            v["id"]
            for v in Axe().run(shown).response["violations"]
            if v["impact"] in ("serious", "critical")
        ]
        assert serious == []
        shown.select_option("select[name=scenario]", "changed")
        for rule in [rule for rule in made.forecast.rules if rule.scenario == "changed"]:
            shown.select_option("select[name=reading]", f"{rule.bylaws}/{rule.reading}")
            p, mcse = chance_in(shown)
            assert p == rule.estimate.probability, rule
            assert mcse == pytest.approx(rule.estimate.mcse, rel=1e-9), rule


def test_a_backtest_is_drawn(browser: Browser, tmp_path: Path) -> None:
    """Scores by stage, reliability and single votes as charts; phone and desktop read it all."""
    path = tmp_path / "backtest.html"
    cases = [case for case in load_family("australia") if case.target in ("1937", "1946")]
    orders = ("random", "favourable-first")
    found = backtest(cases, orders=orders, random_orders=2, worlds=200)
    write_backtest(path, found, command="ratify backtest")
    for width in (DESKTOP, PHONE):
        for shown in opened(browser, path, viewport={"width": width, "height": 800}):
            figures = shown.locator("figure")
            # Three scores, reliability of states (of four votes it says nothing), every vote.
            assert figures.count() == 3 + 1 + len(found.votes)
            for figure in figures.all():
                assert figure.locator(".chart svg path").count() > 5
            assert shown.locator("#misses li").count() > 0
            assert shown.evaluate("document.documentElement.scrollWidth") <= width
            serious = Axe().run(shown).response["violations"]
            assert [v["id"] for v in serious if v["impact"] in ("serious", "critical")] == []
