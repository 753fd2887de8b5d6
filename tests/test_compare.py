"""Scenario by rule: cells, paired differences, adoption, and the command that shows them."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hand_made import TWO_ROUNDS, make_case
from made_runs import MadeRuns, WrittenRuns
from ratification.answers.comparison import Comparison, compared
from ratification.answers.estimates import Difference, mean_error
from ratification.answers.pairing import holds
from ratification.api import compare, load
from ratification.case.bylaws import Bylaws, Condition, Reading
from ratification.case.case import Case
from ratification.cli.asking import Asked
from ratification.cli.main import main
from ratification.errors import RequestError
from ratification.output.page.context import PageContext
from ratification.output.page.page import Page
from ratification.output.page.private import Hidden
from ratification.output.page.render import render
from ratification.output.page.scenarios import ScenariosSection, scenarios_section
from ratification.output.terminal import console
from ratification.output.views.comparison import comparison_view
from ratification.output.words import apart, chance
from test_page import ELECTORATE, RULES

SCENARIOS = """
[[scenario]]
id = "up"
title = "Opinion moves up"
round = "june"
swing = { mean = 0.6, sd = 0.5 }
[[scenario]]
id = "turnout"
title = "More of them vote"
round = "june"
turnout = { mean = 0.5, sd = 0.2 }
[[scenario]]
id = "before"
title = "Of another round"
round = "may"
"""
MAY = "m,may,2011-05-01,a,outcome,,,,,approved\n"


def three_unions(parent: Path, evidence: str = MAY, **more: str) -> Case:
    """A second vote of three unions, of which only the first vote told something."""
    made = {"settings": TWO_ROUNDS + SCENARIOS, "bylaws": RULES} | more
    return make_case(parent, ELECTORATE, evidence, **made)


def compared_with(case: Case, **asked: object) -> Comparison:
    """A comparison on draws that are made."""
    options = {"runs": MadeRuns(), "worlds": 2000, "as_of": "2011-06-01"} | asked
    return compare(case, **options)  # type: ignore[arg-type]


def test_every_scenario_of_the_round_by_every_reading(tmp_path: Path) -> None:
    """As voted comes first, then the round's own scenarios, each under every reading."""
    found = compared_with(three_unions(tmp_path))
    assert [(cell.scenario, cell.bylaws) for cell in found.cells] == [
        (scenario, bylaws)
        for scenario in ("as-voted", "up", "turnout")
        for bylaws in ("old", "new")
    ]
    one = compared_with(three_unions(tmp_path, name="one"), scenarios=["turnout"])
    assert [made.name for made in one.run.simulations] == ["as-voted", "turnout"]
    may = compared_with(three_unions(tmp_path, name="may"), round_id="may")
    assert [made.name for made in may.run.simulations] == ["as-voted", "before"]
    with pytest.raises(RequestError, match="one comparison is about one round, not june and may"):
        compared_with(three_unions(tmp_path, name="two"), round_id="june", scenarios=["before"])


def test_differences_are_those_of_the_worlds(tmp_path: Path) -> None:
    """Each is the mean of world-by-world differences, its error from the same draws."""
    found = compared_with(three_unions(tmp_path))
    base, up, _ = found.run.simulations
    old, new = found.run.readings
    assert found.rule is old  # in force on 1 June
    assert found.cell(old, "up").against_rule is None
    assert found.cell(new, "as-voted").against_scenario is None
    for cell, one, other in (
        (found.cell(new, "up").against_rule, (up, new), (up, old)),
        (found.cell(old, "up").against_scenario, (up, old), (base, old)),
    ):
        apart = holds(found.run, *one).astype(int) - holds(found.run, *other)
        assert cell is not None
        assert cell.value == pytest.approx(apart.mean())
        assert cell.mcse == pytest.approx(mean_error(apart, base.worlds))


def test_scenarios_of_one_posterior_share_their_random_numbers(tmp_path: Path) -> None:
    """So the error of their difference is below that of either chance, and far below both's."""
    found = compared_with(three_unions(tmp_path), worlds=8000)
    for scenario in ("up", "turnout"):
        for chosen in found.run.readings:
            cell, base = found.cell(chosen, scenario), found.cell(chosen, "as-voted")
            assert cell.paired
            assert cell.against_scenario is not None
            apart = np.hypot(cell.estimate.mcse, base.estimate.mcse)
            assert cell.against_scenario.mcse < 0.8 * apart, (scenario, chosen.key)
    turnout = found.cell(found.run.readings[1], "turnout")
    assert turnout.against_scenario is not None
    assert turnout.against_scenario.mcse < 0.5 * turnout.estimate.mcse


def test_scenarios_of_two_fits_add_their_errors(tmp_path: Path) -> None:
    """Where a scenario changes the fit, nothing is paired and the errors add up as squares."""

    class OtherFits(MadeRuns):
        """Draws that depend on the scenario, as those of a round with reports do."""

        def posterior(self, *given: object, **asked: object) -> object:  # type: ignore[override]
            """The draws of another seed for each scenario, the seed told as it was asked."""
            seed, scenario = asked["seed"], asked.get("scenario")
            other = 1000 + len(str(scenario))
            key, made = super().posterior(*given, **(asked | {"seed": other}))  # type: ignore[arg-type]
            return key, replace(made, seed=seed)  # type: ignore[arg-type]

    found = compared_with(three_unions(tmp_path), runs=OtherFits())
    for chosen in found.run.readings:
        up, base = found.cell(chosen, "up"), found.cell(chosen, "as-voted")
        assert base.paired
        assert not up.paired
        assert up.against_scenario is not None
        expected = np.hypot(up.estimate.mcse, base.estimate.mcse)
        assert up.against_scenario.mcse == pytest.approx(expected)
    shown = console(width=200)
    with shown.capture() as captured:
        shown.print(comparison_view(found))
    assert "two fits, whose errors add up" in captured.get()


def test_arithmetic_makes_exact_cells(tmp_path: Path) -> None:
    """Where standing decides both, the difference is a whole one without error."""
    rows = MAY + "".join(
        f"j{u},june,2011-06-01,{u},outcome,,,,,{r}\n"
        for u, r in (("a", "approved"), ("b", "rejected"), ("c", "rejected"))
    )
    rules = RULES + (
        '[[bylaws]]\nid = "one"\n[[bylaws.reading]]\nid = "any"\n'
        'all = [{ measure = "approving unions", at_least = 1 }]\n'
    )
    found = compared_with(three_unions(tmp_path, rows, bylaws=rules))
    cell = found.cell(found.run.readings[2], "up")
    assert (cell.estimate.probability, cell.standing) == (1.0, "ratified")
    assert cell.against_rule is not None
    assert cell.against_scenario is not None
    assert (cell.against_rule.value, cell.against_rule.mcse) == (1.0, 0.0)
    assert (cell.against_scenario.value, cell.against_scenario.mcse) == (0.0, 0.0)


def test_a_path_of_adoption_mixes_two_chances(tmp_path: Path) -> None:
    """P(adopted) P(ratified | rule) + the rest of it as now, with the error of the mixture."""
    found = compared_with(three_unions(tmp_path), adoption={"new": 0.7})
    assert [path.scenario for path in found.paths] == ["as-voted", "up", "turnout"]
    old, new = found.run.readings
    for path, made in zip(found.paths, found.run.simulations, strict=True):
        assert (path.bylaws, path.otherwise, path.adoption) == ("new", "old/members", 0.7)
        held = [holds(found.run, made, chosen) for chosen in (new, old)]
        mixed = 0.7 * held[0] + 0.3 * held[1]
        assert path.estimate.probability == pytest.approx(mixed.mean())
        assert path.estimate.mcse == pytest.approx(mean_error(mixed, made.worlds))
        p, q = path.if_adopted, path.if_not
        assert path.estimate.mcse <= 0.7 * p.mcse + 0.3 * q.mcse + 1e-12


@pytest.mark.parametrize(("chance", "like"), [(0.0, "if_not"), (1.0, "if_adopted")])
def test_a_sure_adoption_is_the_rule_itself(tmp_path: Path, chance: float, like: str) -> None:
    """At 0 the path is the bylaws in force, at 1 the rule, errors and all."""
    found = compared_with(three_unions(tmp_path), adoption={"new": chance})
    for path in found.paths:
        side = getattr(path, like)
        assert path.estimate.probability == pytest.approx(side.probability)
        assert path.estimate.mcse == pytest.approx(side.mcse)


def test_a_path_where_worlds_all_agree_is_not_certain(tmp_path: Path) -> None:
    """Two rules that every world defeats, though arithmetic does not: the error is not zero."""
    written = {"a": [(100, 10, 60)], "b": [(200, 20, 160)], "c": [(300, 30, 250)]}
    found = compare(
        three_unions(tmp_path),
        runs=WrittenRuns(written),
        worlds=400,
        scenarios=["as-voted"],
        adoption={"new": 0.5},
    )
    (path,) = found.paths
    assert 0 < path.estimate.probability < 0.01
    assert path.estimate.mcse > 0
    cell = found.cell(found.run.readings[1], "as-voted")
    assert cell.against_rule is not None
    assert cell.against_rule.mcse > 0


def test_the_case_may_say_how_likely_adoption_is(tmp_path: Path) -> None:
    """bylaws.toml's own chance holds unless another is asked for; not for those in force."""
    rules = RULES.replace('title = "New bylaws"', 'title = "New bylaws"\nadoption = 0.25')
    found = compared_with(three_unions(tmp_path, bylaws=rules))
    assert {path.adoption for path in found.paths} == {0.25}
    assert {path.adoption for path in compared(found.run, {"new": 0.5}).paths} == {0.5}
    assert compared_with(three_unions(tmp_path, name="none")).paths == ()


@pytest.mark.parametrize(
    ("adoption", "says"),
    [
        ({"nw": 0.5}, "no bylaws 'nw' are asked about. Did you mean 'new'?"),
        ({"new": 1.5}, "adoption of 'new' is 1.5: not a chance from 0 to 1"),
        ({"old": 0.5}, "bylaws 'old' are in force, or come first, already"),
    ],
)
def test_a_wrong_adoption_is_refused(tmp_path: Path, adoption: dict[str, float], says: str) -> None:
    """Unknown bylaws, no chance, or bylaws that need no adoption."""
    with pytest.raises(RequestError, match=says):
        compared_with(three_unions(tmp_path), adoption=adoption)


def test_rail_under_a_majority_of_unions() -> None:
    """In 2022 four of twelve unions refused: one refusal was enough, a majority would not be."""
    case = load("rail-2022")
    seven = Condition(
        measure="approving unions",
        comparison="at_least",
        threshold=Fraction(7),
        share=False,
        text="7",
    )
    reading = Reading(id="unions", title="7 of 12 unions", rule=seven)
    majority = Bylaws(id="majority", title="A majority of unions", readings=(reading,))
    changed = replace(case, bylaws=(*case.bylaws, majority))
    found = compare(changed, runs=MadeRuns(), worlds=500)
    told = {(c.bylaws, c.reading): (c.estimate.probability, c.standing) for c in found.cells}
    assert told["each-can-block", "all-approve"] == (0.0, "defeated")
    assert told["majority", "unions"] == (1.0, "ratified")
    assert found.cell(found.run.readings[-1], "as-voted").against_rule == Difference(
        value=1.0, mcse=0.0
    )


# The page


def test_a_page_of_several_scenarios_says_what_would_change_it(tmp_path: Path) -> None:
    """Chances and differences by scenario, as the comparison has them; paths where adoption is."""
    rules = RULES.replace('title = "New bylaws"', 'title = "New bylaws"\nadoption = 0.25')
    found = compared_with(three_unions(tmp_path, bylaws=rules))
    page = Page.from_runs([found.run])
    section = next(s for s in page.chapters[0].sections if s.id == "scenarios")
    assert isinstance(section, ScenariosSection)
    assert section.heading == "What would change it"
    assert section.chances.heads == ("Bylaws", "as-voted", "up", "turnout")
    assert [row[0] for row in section.chances.rows] == ["old/members", "new/yes"]
    old = found.run.readings[0]
    assert section.chances.rows[0][2] == chance(found.cell(old, "up"))
    assert section.differences.rows[0][1] == "-"
    assert section.differences.rows[0][2] == apart(found.cell(old, "up").against_scenario)
    assert section.adoption is not None
    assert len(section.adoption.rows) == 3
    html = render(page, bundle="/* charts */")
    assert "Opinion moves up" in html
    assert "New is adopted" not in html
    assert "Assumed: new is adopted with a chance of 25%" in html


def test_a_page_tells_what_members_may_oppose_unless_a_report_is_private(tmp_path: Path) -> None:
    """The hinge names unions and their results, so a private report about a union hides it."""
    rows = "ra,june,2011-06-01,a,outcome,,,,,rejected\n"
    found = compared_with(three_unions(tmp_path, MAY + rows))
    section = scenarios_section(PageContext(run=found.run))
    assert section is not None
    assert section.hinges == (
        (
            "old/members",
            "With 600 members in all, approving unions hold 60% only while those that reject of "
            "b and c, still out, together have at most 140: a opposes with 100; all of them have "
            "500",
        ),
    )
    hidden = PageContext(run=found.run, hidden=Hidden(parents=frozenset({"*"})))
    section = scenarios_section(hidden)
    assert section is not None
    assert section.hinges == ()


def test_a_page_of_one_scenario_has_no_such_section(tmp_path: Path) -> None:
    """Nothing to compare, no section; a rule that must be adopted is enough for one."""
    plain = compared_with(three_unions(tmp_path), scenarios=["as-voted"])
    page = Page.from_runs([plain.run])
    assert all(s.id != "scenarios" for s in page.chapters[0].sections)
    rules = RULES.replace('title = "New bylaws"', 'title = "New bylaws"\nadoption = 0.25')
    case = three_unions(tmp_path, bylaws=rules, name="adopt")
    page = Page.from_runs([compared_with(case, scenarios=["as-voted"]).run])
    assert any(s.id == "scenarios" for s in page.chapters[0].sections)
    assert "Rules that must first be adopted" in render(page, bundle="/* charts */")


# The command


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A case in the folder the command runs in; nothing is fitted."""
    three_unions(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Asked, "runs", lambda *_, **_settings: MadeRuns())
    return tmp_path


def ratify(arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Exit code, stdout and stderr."""
    with pytest.raises(SystemExit) as stopped:
        main(["compare", "made", "--worlds", "400", "--as-of", "2011-06-01", *arguments])
    told = capsys.readouterr()
    return int(stopped.value.code or 0), told.out, told.err


def test_the_table_names_rules_scenarios_and_errors(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Chances, differences against the bylaws in force and as voted, and what was assumed."""
    code, out, _ = ratify(["--adoption", "new=70%"], capsys)
    assert code == 0
    for words in (
        "old/members (in force)",
        "Against old/members, in the same simulated votes",
        "Against as-voted, in simulated votes with the same random numbers",
        "Opinion moves up",
        "assumed: new is adopted with a chance of 70%",
    ):
        assert words in out, words


def test_the_json_is_one_object(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It frames cells as a forecast is framed, and says what was assumed."""
    code, out, _ = ratify(["--json", "--adoption", "new=0.7"], capsys)
    assert code == 0
    found = json.loads(out)
    assert found["schema_version"] == 1
    assert (found["case"], found["round"], found["worlds"]) == ("made", "june", 400)
    assert found["bylaws_in_force"] == "old/members"
    assert len(found["cells"]) == 6
    cell = next(c for c in found["cells"] if (c["scenario"], c["bylaws"]) == ("up", "new"))
    assert set(cell["against_rule"]) == {"value", "mcse"}
    assert cell["paired"] is True
    assert [path["adoption"] for path in found["adoption"]] == [0.7] * 3
    assert any("new is adopted with a chance of 70%" in text for text in found["assumptions"])
    assert len(found["inputs"]["sha256"]) == 64


def test_the_csv_has_a_row_a_cell(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Named columns; blanks where a cell is compared with itself."""
    code, out, _ = ratify(["--csv"], capsys)
    assert code == 0
    rows = list(csv.DictReader(io.StringIO(out)))
    assert len(rows) == 6
    assert (rows[0]["scenario"], rows[0]["difference_from_as_voted"]) == ("as-voted", "")
    assert float(rows[3]["mcse_of_difference_from_as_voted"]) > 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--adoption", "new"], "write bylaws=chance"),
        (["--adoption", "new=often"], "write bylaws=chance"),
        (["--adoption", "new=1.2"], "a chance from 0 to 1"),
        (["--adoption", "nw=0.2"], "Did you mean 'new'?"),
        (["--scenario", "upp"], "Did you mean 'up'?"),
        (["--json", "--csv"], "ask for one"),
    ],
)
def test_wrong_usage_is_told(
    arguments: list[str], says: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, the reason in one line, nothing on stdout."""
    code, out, err = ratify(arguments, capsys)
    assert (code, out) == (2, "")
    assert says in err
