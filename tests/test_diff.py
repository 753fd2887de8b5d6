"""Why two forecasts differ: parts that add up exactly, each with the right cause."""

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hand_made import CASE, EVIDENCE, make_case
from ratification.answers.changes import Cause, Diff, Part, RuleChange, Side
from ratification.answers.evidence_change import evidence_change
from ratification.api import Runs, diff, diff_runs, load, read_run, run
from ratification.case.case import Case
from ratification.case.evidence import Report
from ratification.cli.main import main
from ratification.errors import RequestError
from ratification.output.contract import forecast_object
from ratification.output.store import RunStore

ROWS = "unit,parent,members\na,,400\nb,,300\nc,,200\nd,,500\n"
COLUMNS = EVIDENCE.strip() + ",replaces\n"
REPORTS = (
    "a,june,2011-06-01,a,count,150,140,,,,\n"
    "b-wrong,june,2011-06-02,b,count,90,150,,,,\n"
    "b-right,june,2011-06-04,b,count,150,90,,,,b-wrong\n"
    "c-so-far,june,2011-06-05,c,partial,20,40,,,,\n"
    "c-more,june,2011-06-06,c,partial,70,60,,,,\n"
)
RULES = """\
[[bylaws]]
id = "rule"
title = "The rule"
[[bylaws.reading]]
id = "unions"
title = "Unions approve"
all = [{ measure = "approving unions", at_least = 3 }]
[[bylaws.reading]]
id = "members"
title = "Of members"
all = [{ measure = "members of approving unions", at_least = "70%" }]
"""
FILES = {
    "case.toml": CASE,
    "electorate.csv": ROWS,
    "evidence.csv": COLUMNS + REPORTS,
    "bylaws.toml": RULES,
}
ASKED: dict[str, Any] = {"worlds": 1000, "engine": "instant"}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> RunStore:
    """One for the file: what one test has fitted another finds."""
    return RunStore(tmp_path_factory.mktemp("store"), pytest.fail)


def folder(parent: Path, where: str, **changed: str) -> Path:
    """The case, always called `made`, in a folder of its own, with some files changed."""
    made = parent / where / "made"
    made.mkdir(parents=True)
    for file, text in (FILES | {k.replace("_", "."): v for k, v in changed.items()}).items():
        (made / file).write_text(text, encoding="utf-8")
    return made


def case(parent: Path, where: str = "now", **changed: str) -> Case:
    """The same, loaded."""
    return load(folder(parent, where, **changed))


def made(store: RunStore, of: Case, **asked: Any) -> Diff:
    """A diff with the instant engine, on few worlds, whose parts add up."""
    found = diff(of, runs=Runs(store), **(ASKED | asked))
    for change in found.rules:
        adds_up(change)
    return found


def adds_up(change: RuleChange) -> None:
    """Parts sum to the whole: as fractions exactly, and in floating point to the last bit."""
    assert sum(Fraction(part.value) for part in change.parts) == Fraction(change.change.value)
    assert sum(part.value for part in change.parts) == change.change.value
    whole = change.after.probability - change.before.probability
    assert change.change.value == pytest.approx(whole, abs=1e-11)


def parts(change: RuleChange) -> dict[tuple[Cause, ...], Part]:
    """Parts that moved, or might have."""
    return {part.causes: part for part in change.parts if part.value or part.mcse}


def causes(found: Diff) -> set[tuple[Cause, ...]]:
    """What moved any reading."""
    return {key for change in found.rules for key in parts(change)}


def test_new_evidence_alone(store: RunStore, tmp_path: Path) -> None:
    """Reports that came in between, and nothing else; the ends are the plain forecasts."""
    of = case(tmp_path)
    found = made(store, of, from_day="2011-06-01", to_day="2011-06-02")
    assert causes(found) == {("new",)}
    assert found.details is not None
    assert [report.id for report in found.details.new] == ["b-wrong"]
    for day, side in (("2011-06-01", found.before), ("2011-06-02", found.after)):
        assert side == Side.of(run(of, as_of=day, **ASKED).forecast)
    assert all(change.change.mcse > 0 for change in found.rules)


def test_a_correction_is_no_news(store: RunStore, tmp_path: Path) -> None:
    """Between a wrong count and the right one, what moves is the correction."""
    found = made(store, case(tmp_path), from_day="2011-06-02", to_day="2011-06-04")
    assert causes(found) == {("corrected",)}
    assert found.details is not None
    assert [(old.id, new and new.id) for old, new in found.details.corrected] == [
        ("b-wrong", "b-right")
    ]
    assert found.rules[0].change.value > 0.3, "b approves after all"


def test_corrections_come_before_news(store: RunStore, tmp_path: Path) -> None:
    """Both at once are told apart; a partial count superseded by a later one is news."""
    found = made(store, case(tmp_path), from_day="2011-06-02", to_day="2011-06-06")
    assert causes(found) == {("corrected",), ("new",)}
    last = made(store, case(tmp_path, "again"), from_day="2011-06-05", to_day="2011-06-06")
    assert causes(last) == {("new",)}
    assert last.details is not None
    assert ([r.id for r in last.details.new], last.details.corrected) == (["c-more"], ())


def test_a_row_changed_in_place_or_taken_out(store: RunStore, tmp_path: Path) -> None:
    """Against the folder as it was, both are corrections; another source or note is nothing."""
    now = case(tmp_path)
    edited = FILES["evidence.csv"].replace("150,140", "150,139")
    was = case(tmp_path, "was", evidence_csv=edited)
    found = made(store, now, case_before=was, to_day="2011-06-01", from_day="2011-06-01")
    assert causes(found) == {("corrected",)}
    without = FILES["evidence.csv"].replace("a,june,2011-06-01,a,count,150,140,,,,\n", "")
    found = made(store, case(tmp_path, "later", evidence_csv=without), case_before=now)
    assert causes(found) == {("corrected",)}
    assert found.details is not None
    assert [(old.id, new) for old, new in found.details.corrected] == [("a", None)]
    noted = replace(now, reports=tuple(replace(r, note="seen") for r in now.reports))
    assert causes(made(store, noted, case_before=now)) == set()


def test_rosters_alone(store: RunStore, tmp_path: Path) -> None:
    """Another membership figure moves what rests on members, and is named."""
    was = case(tmp_path, "was", electorate_csv=ROWS.replace("c,,200", "c,,700"))
    found = made(store, case(tmp_path), case_before=was, from_day="2011-06-04", to_day="2011-06-04")
    assert causes(found) == {("rosters",)}
    assert found.details is not None
    assert found.details.rosters == ("c",)


def test_priors_alone(store: RunStore, tmp_path: Path) -> None:
    """Other priors on the same evidence."""
    was = case(tmp_path, "was", case_toml=CASE + "[priors]\ntau_union = 0.2\n")
    found = made(store, case(tmp_path), case_before=was, from_day="2011-06-01", to_day="2011-06-01")
    assert causes(found) == {("priors",)}
    assert found.details is not None
    assert found.details.priors == ("tau_union.sd=0.2",)


def test_a_scenario_that_changes_leaves_the_vote_as_it_was(store: RunStore, tmp_path: Path) -> None:
    """Its votes are simulated anew; those as voted are the same ones, so nothing moved there."""
    settings = '{0}[[scenario]]\nid = "late"\ntitle = "Late"\nround = "june"\nswing = {1}\n'
    was, now = (
        case(tmp_path, where, case_toml=settings.format(CASE, f"{{ mean = {mean}, sd = 0.1 }}"))
        for where, mean in (("was", 0.0), ("now", 0.5))
    )
    days = {"from_day": "2011-06-01", "to_day": "2011-06-01"}
    found = made(store, now, case_before=was, scenarios=["as-voted", "late"], **days)
    moved = {(change.reading, change.scenario): parts(change) for change in found.rules}
    assert moved["unions", "as-voted"] == moved["members", "as-voted"] == {}
    assert moved["unions", "late"][("priors",)].mcse > 0


def test_rules_alone_are_compared_over_the_same_worlds(store: RunStore, tmp_path: Path) -> None:
    """So their part has a smaller error than two separate forecasts would have."""
    was = case(tmp_path, "was", bylaws_toml=RULES.replace('"70%"', '"60%"'))
    found = made(store, case(tmp_path), case_before=was, from_day="2011-06-01", to_day="2011-06-01")
    assert causes(found) == {("rules",)}
    assert found.details is not None
    assert found.details.rules == ("rule/members",)
    same, stricter = found.rules
    assert parts(same) == {}
    assert stricter.change.value < 0
    apart = (stricter.before.mcse**2 + stricter.after.mcse**2) ** 0.5
    assert 0 < stricter.change.mcse < apart


def test_a_reading_that_only_one_of_them_has(store: RunStore, tmp_path: Path) -> None:
    """It has no change, and is listed."""
    start = RULES.index('[[bylaws.reading]]\nid = "members"')
    was = case(tmp_path, "was", bylaws_toml=RULES[:start])
    found = made(store, case(tmp_path), case_before=was, from_day="2011-06-01", to_day="2011-06-01")
    assert [change.reading for change in found.rules] == ["unions"]
    assert found.only_after == (("rule", "members", "as-voted"),)
    assert found.only_before == ()


def test_everything_at_once_adds_up(store: RunStore, tmp_path: Path) -> None:
    """Four causes in one diff, in the order that is stated."""
    was = case(
        tmp_path,
        "was",
        electorate_csv=ROWS.replace("c,,200", "c,,700"),
        case_toml=CASE + "[priors]\ntau_union = 0.3\n",
        bylaws_toml=RULES.replace('"70%"', '"60%"'),
    )
    found = made(store, case(tmp_path), case_before=was, from_day="2011-06-02", to_day="2011-06-06")
    assert [part.causes[0] for part in found.rules[1].parts] == [
        "corrected",
        "new",
        "rosters",
        "priors",
        "rules",
        "simulation",
    ]
    assert causes(found) == {("corrected",), ("new",), ("rosters",), ("priors",), ("rules",)}


def test_swaps_that_contradict_each_other_are_joined(store: RunStore, tmp_path: Path) -> None:
    """A count above the old roster is only possible with the new one: told together, and why."""
    was = case(
        tmp_path,
        "was",
        electorate_csv=ROWS.replace("a,,400", "a,,280"),
        evidence_csv=COLUMNS,
    )
    found = made(store, case(tmp_path), case_before=was, to_day="2011-06-01")
    assert causes(found) == {("new", "rosters")}
    assert "new evidence alone cannot be forecast" in found.notes[0]


def test_a_forecast_does_not_differ_from_itself(store: RunStore, tmp_path: Path) -> None:
    """All zero, without error, also where no world has seen the other outcome."""
    of = case(tmp_path)
    for day in ("2011-06-01", "2011-06-06"):
        found = made(store, of, from_day=day, to_day=day)
        assert causes(found) == set()
        assert all((c.change.value, c.change.mcse) == (0.0, 0.0) for c in found.rules)
        assert found.differs == ()


def test_what_replaces_what_is_followed_through() -> None:
    """A correction of a correction corrects the first; what was never in force before is new."""

    def report(name: str, replaces: str = "", yes: int = 1) -> Report:
        day = f"2011-06-0{yes}"
        asked = {"id": name, "round": "june", "reported": day, "units": name, "replaces": replaces}
        return Report(kind="count", yes=yes, no=0, **asked)  # type: ignore[arg-type]

    first, second, third = report("a"), report("b", "a", 2), report("c", "b", 3)
    other, fixed = report("x", yes=2), report("y", "x", 3)
    found = evidence_change([first], [third, fixed], [first, second, third, other, fixed])
    assert found.corrected == ((first, third),)
    assert found.new == (fixed,)
    assert found.halfway == (third,)


# Runs on file


def written(parent: Path, name: str, of: Case, **asked: Any) -> Path:
    """A forecast's JSON on file."""
    found = forecast_object(run(of, **(ASKED | asked)).forecast)
    path = parent / f"{name}.json"
    path.write_text(json.dumps(found), encoding="utf-8")
    return path


def edited(path: Path, **changed: Any) -> Path:
    """A copy of a run with some fields changed."""
    found = json.loads(path.read_text(encoding="utf-8")) | changed
    copy = path.with_name(f"edited-{path.name}")
    copy.write_text(json.dumps(found), encoding="utf-8")
    return copy


def test_runs_are_made_again_and_split(store: RunStore, tmp_path: Path) -> None:
    """From their files and the case: day, assumption, priors, seed and worlds come from them."""
    of = case(tmp_path)
    before = read_run(written(tmp_path, "before", of, as_of="2011-06-02"))
    other = load(tmp_path / "now" / "made")
    tighter = other.with_priors(
        replace(other.priors, tau_union=replace(other.priors.tau_union, sd=0.3))
    )
    asked: dict[str, Any] = {"assume": ["c rejected"], "without": ["c-so-far"]}
    after = read_run(written(tmp_path, "after", tighter, as_of="2011-06-05", seed=7, **asked))
    found = diff_runs(before, after, case=of, runs=Runs(store))
    for change in found.rules:
        adds_up(change)
    assert causes(found) == {("corrected",), ("new",), ("priors",), ("simulation",)}
    assert found.details is not None
    assert [report.id for report in found.details.new] == ["assumption 1"]
    assert found.details.priors == ("tau_union.sd=0.3",)
    assert "seed: 391, then 7" in found.differs
    assert {told.estimate for told in found.after.rules.values()} == {c.after for c in found.rules}


def test_a_seed_alone_is_simulation(store: RunStore, tmp_path: Path) -> None:
    """Two files suffice to say so, and the case adds nothing."""
    of = case(tmp_path)
    before, after = (
        read_run(written(tmp_path, f"seed-{seed}", of, seed=seed, as_of="2011-06-01"))
        for seed in (1, 2)
    )
    for given in (None, of):
        found = diff_runs(before, after, case=given, runs=Runs(store))
        assert causes(found) == {("simulation",)}
        assert found.notes == ()
        for change in found.rules:
            adds_up(change)
            assert abs(change.change.value) < 5 * change.change.mcse


def test_chances_that_other_draws_agree_on_have_an_error(tmp_path: Path) -> None:
    """Two seeds that saw something as often, as happens with what is rare, saw it separately."""
    before = read_run(written(tmp_path, "seed-391", case(tmp_path), as_of="2011-06-01"))
    for change in diff_runs(before, replace(before, seed=7)).rules:
        assert change.change.value == 0.0
        assert change.change.mcse == pytest.approx(2**0.5 * change.before.mcse)
        assert change.before.mcse > 0


def test_two_files_alone_say_what_they_can(tmp_path: Path) -> None:
    """One part of every cause they leave open, and what they were made with."""
    of = case(tmp_path)
    before, after = (
        read_run(written(tmp_path, day, of, as_of=day)) for day in ("2011-06-01", "2011-06-02")
    )
    found = diff_runs(before, after)
    assert causes(found) == {("corrected", "new", "rosters", "priors", "rules")}
    assert found.differs == (
        "as of: 2011-06-01, then 2011-06-02",
        "reports in force: 1, then 2",
        "inputs (case and evidence) differ, by their hash",
    )
    assert "--case" in found.notes[0]
    assert causes(diff_runs(before, before)) == set()


def test_another_version_is_told_apart(store: RunStore, tmp_path: Path) -> None:
    """A run of other software is recorded, not made again: what is left is its version's part."""
    of = case(tmp_path)
    path = written(tmp_path, "today", of, as_of="2011-06-02")
    told = json.loads(path.read_text(encoding="utf-8"))
    for rule in told["forecasts"]:
        rule["probability"] = rule["probability"] / 2 + 0.125
    old = edited(path, versions={"ratification": "0.0.1"}, forecasts=told["forecasts"])
    later = read_run(written(tmp_path, "later", of, as_of="2011-06-04"))
    found = diff_runs(read_run(old), later, case=of, runs=Runs(store))
    assert causes(found) == {("corrected",), ("version",)}
    for change in found.rules:
        adds_up(change)
    alone = diff_runs(read_run(old), read_run(path))
    assert causes(alone) == {("version",)}


def test_a_run_of_another_case_is_refused(store: RunStore, tmp_path: Path) -> None:
    """A case that has changed since cannot make the run again: it says how to go on."""
    path = written(tmp_path, "before", case(tmp_path), as_of="2011-06-01")
    side = read_run(path)
    changed = case(tmp_path, "was", electorate_csv=ROWS.replace("c,,200", "c,,700"))
    with pytest.raises(RequestError, match=r"changed since.*--case-before"):
        diff_runs(side, side, case=changed, runs=Runs(store))
    with pytest.raises(RequestError, match="about the case made, not other"):
        diff_runs(side, side, case=make_case(tmp_path, ROWS, name="other"), runs=Runs(store))
    with pytest.raises(RequestError, match="different votes: made june, and made may"):
        diff_runs(side, replace(side, round="may"))


# The command


def ratify(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Exit code, stdout and stderr."""
    with pytest.raises(SystemExit) as stopped:
        main(["diff", *arguments])
    told = capsys.readouterr()
    return int(stopped.value.code or 0), told.out, told.err


def test_the_command_prints_parts_or_json(
    store: RunStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A table for people, whose numbers are those of the JSON."""
    path = str(folder(tmp_path, "now"))
    asked = [path, "--from", "2011-06-02", "--to", "2011-06-04", "--worlds", "1000"]
    asked += ["--engine", "instant", "--store", str(store.folder)]
    code, out, err = ratify([*asked, "--json"], capsys)
    assert code == 0, err
    found = json.loads(out)
    assert (found["schema_version"], found["case"], found["as_of"]) == (1, "made", "2011-06-04")
    assert found["before"]["as_of"] == "2011-06-02"
    entry = found["changes"][0]
    assert sum(part["value"] for part in entry["parts"]) == entry["change"]["value"]
    assert found["details"]["corrected"] == [{"id": "b-wrong", "by": "b-right"}]
    code, out, err = ratify(asked, capsys)
    assert code == 0, err
    assert "corrected evidence" in out
    assert "new evidence" not in out.split("What differs")[0], "only parts that moved have columns"
    assert f"+{100 * entry['change']['value']:.1f} ±" in out
    assert "now b-right (b: 150 yes, 90 no)" in out
    assert "swap by swap in this order" in out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["now/made"], "say what to compare"),
        (["now/made", "--from", "soon"], "'soon' is no day such as"),
        (["now/made", "--from", "2011-06-04", "--to", "2011-06-02"], "swap them"),
        (["now/made", "--from", "2011-06-04", "--case", "now/made"], "the case is named already"),
        (["run.json", "--from", "2011-06-04"], "run.json is a file"),
        (["run.json"] * 3, "not of 3 things"),
        (["run.json", "run.json", "--seed", "4"], "--seed does not go with two RUNs"),
        (["run.json", "run.json", "--to", "2011-06-04"], "--to does not go with two RUNs"),
        (["run.json", "run.json", "--case-before", "now/made"], "--case-before needs --case"),
        (["none.json", "run.json"], "none.json cannot be read: No such file"),
        (["text.json", "run.json"], "text.json is no JSON"),
        (["list.json", "run.json"], "list.json is no forecast"),
        (["old.json", "run.json"], "has schema 0, not 1"),
        (["torn.json", "run.json"], "torn.json is damaged"),
        (["now/made", "--as-of", "2011-06-04"], "No such option"),
    ],
)
def test_wrong_usage_is_said(
    arguments: list[str],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit code 2 and what to do, before anything is fitted."""
    folder(tmp_path, "now")
    for name, text in (
        ("run", '{"schema_version": 1, "forecasts": [], "inputs": {}}'),
        ("text", "no JSON"),
        ("list", "[]"),
        ("old", '{"schema_version": 0, "forecasts": [], "inputs": {}}'),
        ("torn", '{"schema_version": 1, "forecasts": [], "inputs": {}}'),
    ):
        (tmp_path / f"{name}.json").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    code, out, err = ratify(arguments, capsys)
    assert (code, out) == (2, "")
    assert says in err.replace("\n", " ")
