"""What is wrong with a case is told with its place, what was found and what to do."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ratification.case.case import Case
from ratification.case.files import LARGEST_FILE
from ratification.case.folder import load, shipped
from ratification.errors import CaseError, Problem, RequestError
from small_case import BYLAWS, CASE, ELECTORATE, EVIDENCE, GOOD, edited, with_rows, write_case


def problems_of(folder: Path) -> list[str]:
    """Every problem of a case, as a person reads it."""
    with pytest.raises(CaseError) as caught:
        load(folder)
    return [str(problem) for problem in caught.value.problems]


HERE = "the edited line"


HERE = "the edited line"


def broken(
    identity: str, file: str, text: str | bytes, line: int | None, match: str, also: str = ""
) -> object:
    """One broken case: a file's text, and the line and message of what is wrong with it.

    `also` is the message of a second problem, where the one thing broken is two.
    """
    name = f"{file.partition('.')[0]}-{identity}"
    return pytest.param(file, text, line, match, also, id=name)


def edit(file: str) -> Callable[..., object]:
    """Break one place of a file; the problem is in the edited line unless `line` says otherwise."""

    def broken_by(
        identity: str,
        old: str,
        new: str,
        match: str,
        line: int | str | None = HERE,
        also: str = "",
    ) -> object:
        text = edited(file, old, new)
        if line == HERE:
            line = text.count("\n", 0, GOOD[file].index(old)) + 1
        assert not isinstance(line, str)
        return broken(identity, file, text, line, match, also)

    return broken_by


case_toml, electorate, evidence, bylaws = (edit(file) for file in GOOD)


def report(identity: str, *rows_and_match: str, line: int = 0) -> object:
    """More rows of evidence, of which the last is wrong unless `line` says otherwise."""
    *rows, match = rows_and_match
    text = with_rows(*rows)
    return broken(identity, "evidence.csv", text, line or text.count("\n"), match)


FILES = [
    broken("bad-toml", "case.toml", CASE.replace('"Four', "Four"), 1, "is not valid TOML"),
    broken("bad-toml-end", "bylaws.toml", BYLAWS + "id = = 3\n", 35, "is not valid TOML"),
    broken("toml-deep", "bylaws.toml", f"a = {'[' * 5000}", None, "is not valid TOML"),
    bylaws("toml-bad-date", "2011-07-17", "2011-02-30", "is not valid TOML"),
    broken("empty", "evidence.csv", "", 1, "is empty"),
    broken("whitespace", "electorate.csv", " \n\n\t\n", 1, "is empty"),
    broken("only-comments", "evidence.csv", "# nothing yet\n", 1, "has no header line"),
    broken("header-only", "electorate.csv", "unit,parent\n", None, "lists no unit: a case needs"),
    broken("only-coalition", "electorate.csv", "unit,members\n*,9\n", None, "lists no union"),
    broken(
        "semicolons", "electorate.csv", "unit;members\nbeta;5\n", 1, "Save it as CSV with commas"
    ),
    broken(
        "latin-1",
        "electorate.csv",
        ELECTORATE.replace("Beta Union", "B\u00e9ta").encode("latin-1"),
        7,
        r"is not UTF-8 \(byte 0xe9\)\. Save it as UTF-8",
    ),
    broken("utf-16", "evidence.csv", EVIDENCE.encode("utf-16"), 1, r"is not UTF-8 \(byte 0xff\)"),
    broken("utf-16-le", "evidence.csv", EVIDENCE.encode("utf-16-le"), 1, r"U\+0000\. Remove it"),
    electorate("control", "Beta Union", "Beta\x07", r"character U\+0007\. Remove it"),
    evidence("bidi", "# Yes", "# \u202eYes", r"character U\+202E\. Remove it"),
    bylaws("zero-width", "Old bylaws", "Old\u200b", r"character U\+200B"),
    electorate(
        "missing-column", "unit,", "id,", "unknown column 'id'", also="column 'unit' is missing"
    ),
    electorate("unknown-column", "members,error", "menbers,error", "Did you mean 'members'?"),
    electorate("column-twice", "low,high,", "low,low,", "column 'low' stands twice"),
    electorate("nameless-column", "low,high,", "low,,", "column 8 has no name"),
    evidence("no-before-yes", "yes,no", "no,yes", "`yes` always comes first here"),
    evidence("no-column", "reported,", "told,", "unknown column 'told'", also="'reported' is mis"),
    electorate(
        "comma-unquoted", '"Prisons, northern"', "Prisons, northern", "14 cells for 13 columns, the"
    ),
    electorate("extra-comma", "local-1565,council-4", "local-1565,,council-4", "14 cells for 13"),
    electorate("quote-open", 'northern"', "northern", "opens here and never closes. Close it"),
    electorate("quote-inside", '"Prisons, ', '"Prisons", ', "put quotes round text that"),
]

UNITS = [
    electorate(
        "twice", "delta-2,delta", "delta-1,delta", r"'delta-1' stands twice \(first in line"
    ),
    electorate("own-parent", "gamma,,Gamma Union,union,900", "gamma,gamma,,,900", "gamma in gamma"),
    electorate(
        "cycle", "delta,,", "delta,delta-1,", "delta in delta-1 in delta", also="delta-1 in"
    ),
    electorate("parent", "local-391,council-4", "local-391,council4", "Did you mean 'council-4'?"),
    electorate("blank", "beta,,Beta", ",,Beta", "unit is blank"),
    electorate("bad-id", "beta,,Beta", "beta union,,Beta", "'beta union' is no id: use letters"),
    electorate("html", "Beta Union", "<b>Beta</b>", "holds '<' or '>': write plain text"),
    electorate("html-class", "local,1850", "<i>,1850", "class '<i>' holds '<' or '>'"),
    electorate("negative", "local,1850", "local,-1850", "members '-1850' is negative"),
    electorate("fraction", "local,1850", "local,1850.5", "'1850.5' is not a whole number: write"),
    electorate("commas", "local,1850", 'local,"1,850"', "'1,850' holds commas: write 1850"),
    electorate("huge", "local,1850", f"local,{10**30}", "is too large"),
    electorate("above-1e9", "local,1850", "local,1000000001", "too large .at most 1000000000"),
    electorate("low-above-high", "450,600", "600,450", "low 600 is above high 450: exchange"),
    electorate("under-low", "500,50,450", "400,50,450", "members 400 is under its lower bound 450"),
    electorate("over-high", "500,50,450", "700,50,450", "members 700 is over its upper bound 600"),
    electorate("error-alone", "union,500,50", "union,,50", "error 50 without members: give the"),
    electorate("decides", "2/3", "unit", "'unit' is none of pooled.*Did you mean 'units'?"),
    electorate("decides-140", "2/3", "140%", "decides '140%' is none of pooled"),
    electorate("decides-leaf", "2/3", "units", "'gamma' decides by units but has none"),
    electorate("weight", "1/2", "-1", "weight '-1' is not a number from 0, such as 1"),
    electorate("weight-fine", "1/2", "0.12345678", "is finer than one in 1,000,000"),
    electorate("weight-local", "local,400,,,,,", "local,400,,,,,2", "weight 2 is read of unions"),
    electorate("root-parent", "*,,The", "*,beta,The", "coalition '\\*' has no parent: leave it"),
    electorate("root-decides", "5000,100,,,", "5000,100,,,2/3", "coalition '\\*' has no decides"),
    electorate("round", ",,may,", ",,mai,", "round 'mai' is not in case.toml. Did you mean 'may'?"),
    electorate("round-alone", "gamma,,Gamma Union,union,950", "gama,,,,950", "no row of its own"),
    electorate("round-decides", ",,may,", "1/2,,may,", "decides '1/2' cannot change for one round"),
    electorate(
        "parts", "local,1850", "local,2850", "2900 members, its units at least 3850", line=4
    ),
    electorate("total", "5000,100", "9000,100", "9000 members, its unions at most 5100"),
]

SETTINGS = [
    case_toml("target", '"june"\n\n', '"juni"\n\n', "'juni' is not a round. Did you mean 'june'?"),
    case_toml("target-gone", 'target = "june"', "", "is missing. Rounds: may, june", line=1),
    case_toml("title-gone", 'title = "Four unions"', "", "title is missing"),
    case_toml("title-html", "Four unions", "<script>", "title '<script>' holds '<' or '>'"),
    case_toml("title-escape", "Four unions", "\\u202eFour", r"title holds the control .* U\+202E"),
    case_toml(
        "unknown-key", "defeated = 120", "defeated = 120\namount = 1", "unknown key 'amount'", 39
    ),
    case_toml("id-number", 'id = "may"', "id = 5", "id is 5, not a string in quotes"),
    case_toml("id-twice", 'id = "june"', 'id = "may"', "id 'may' stands twice"),
    case_toml("id-hex", 'id = "may"', f"id = 0x{'f' * 9000}", "id is a number without end"),
    case_toml("repeats-later", 'repeats = "may"', 'repeats = "june"', "not a round above this"),
    case_toml("prior", "tau_union", "tau_unoin", "does not exist. Did you mean 'tau_union'?"),
    case_toml("prior-scale", "sd = 0.6", "sd = -0.6", "mu.sd is -0.6: it must be above 0"),
    case_toml("prior-text", "tau_union = 0.5", 'tau_union = "wide"', "is 'wide', not a number"),
    case_toml(
        "prior-below-zero",
        "tau_union = 0.5",
        "tau_union = {mean = -0.1, sd = 0.5}",
        "tau_union.mean is -0.1: it must be 0 or above",
    ),
    case_toml("prior-nan", "tau_union = 0.5", "tau_union = nan", "tau_union.sd is nan"),
    case_toml("prior-field", "mean = 0.4", "mode = 0.4", "'mu' has no 'mode': it has mean, sd"),
    case_toml("roster-unit", "gamma = 900", "gama = 900", "electorate.csv. Did you mean 'gamma'?"),
    case_toml(
        "roster-rest",
        "gamma = 900",
        'gamma = 900, "council-4/rest" = 9',
        "'council-4/rest' is not in",
        also="its unions at most 2859",
    ),
    case_toml("roster-negative", "gamma = 900", "gamma = -9", "of 'gamma' is -9, not a whole"),
    case_toml("roster-weight", '"1/3"', '"third"', "weight is 'third', not a number from 0"),
    case_toml("scenario-round", 'round = "june"', 'round = "july"', "Rounds: may, june"),
    case_toml("scenario-id", '"again"', '"as-voted"', "id 'as-voted' is what no scenario"),
    case_toml("scenario-swing", "sd = 0.4", "sd = -0.4", "is no shift on the logit scale"),
    case_toml("scenario-returns", "withheld", "held", "'held': say 'withheld' or 'published'"),
    case_toml("stake", "defeated = 120", "", "defeated is missing", line=35),
]

ROWS = [
    report("unit", "x,june,2011-07-01,local-931,count,1,2", "Did you mean 'local-391'?"),
    report("unit-blank", "x,june,2011-07-01,,count,1,2", "units is blank: name a unit, or \\*"),
    report("class", "x,june,2011-07-01,class:locals,count,1,2", "has class 'locals'. Did you mean"),
    report(
        "sign", "x,june,2011-07-01,gamma -delta,count,1,2", "needs a space on both sides of its"
    ),
    report("nobody", "x,june,2011-07-01,delta - delta,count,1,2", "covers nobody"),
    report("subtract", "x,june,2011-07-01,delta - gamma,count,1,2", "'gamma', which is not inside"),
    report("rest", "x,june,2011-07-01,delta/rest,count,1,2", "There is no rest: the children's"),
    report(
        "rest-approves", "x,june,2011-07-01,council-4/rest,approvals,,,1", "no unit to be count"
    ),
    report("outcome-of-all", "x,june,2011-07-01,*,outcome,,,,,approved", "is of kind approvals"),
    report(
        "id", "council,june,2011-07-01,beta,count,1,2", r"'council' stands twice \(first in line 7"
    ),
    report("id-blank", ",june,2011-07-01,beta,count,1,2", "id is blank"),
    report("round", "x,jun,2011-07-01,beta,count,1,2", "not in case.toml. Did you mean 'june'?"),
    report("round-blank", "x,,2011-07-01,beta,count,1,2", "round is blank"),
    report("date", "x,june,2011-02-30,beta,count,1,2", "'2011-02-30' is no date: write 2011-06-24"),
    report("date-us", "x,june,7/1/2011,beta,count,1,2", "'7/1/2011' is no date"),
    report("zone", "x,june,2011-07-01T12:00+02:00,beta,count,1,2", "a time zone: give local time"),
    report("zone-z", "x,june,2011-07-01T12:00Z,beta,count,1,2", "carries a time zone"),
    report(
        "kind", "x,june,2011-07-01,beta,cuont,1,2", "unknown kind 'cuont'. Did you mean 'count'?"
    ),
    report(
        "negative", "x,june,2011-07-01,beta,count,-1,2", "yes '-1' is negative: it counts people"
    ),
    report("fraction", "x,june,2011-07-01,beta,count,1.5,2", "yes '1.5' is not a whole number"),
    report("commas", 'x,june,2011-07-01,beta,count,1,"2,000"', "'2,000' holds commas: write 2000"),
    report("margin-commas", 'x,june,2011-07-01,beta,margin,,,"-2,000"', "commas: write -2000"),
    report(
        "margin-signs", "x,june,2011-07-01,beta,margin,,,+-5", "low '\\+-5' is not a whole number"
    ),
    report("huge", f"x,june,2011-07-01,beta,count,{10**30},2", "is too large"),
    report("yes-alone", "x,june,2011-07-01,beta,count,1", "kind count needs both yes and no"),
    report(
        "share-yes", "x,june,2011-07-01,beta,share,1,,50%", "does not read yes .'1'.: it takes low"
    ),
    report(
        "count-low", "x,june,2011-07-01,beta,count,1,2,3", "does not read low .* takes yes and no"
    ),
    report("share-57", "x,june,2011-07-01,beta,share,,,57", "0% to 100%: did you mean 57%?"),
    report("share-140", "x,june,2011-07-01,beta,share,,,50%,140%", "'140%' is outside 0% to 100%"),
    report(
        "share-word", "x,june,2011-07-01,beta,share,,,half", "'half' is not a share: write it as"
    ),
    report(
        "share-fine", "x,june,2011-07-01,beta,share,,,0.12345678", "finer than one in 1,000,000"
    ),
    report(
        "share-exact", "x,june,2011-07-01,beta,share,,,57%,0.57", "Write the range it was rounded"
    ),
    report("share-blank", "x,june,2011-07-01,beta,share", "kind share needs low, high or both"),
    report(
        "low-above", "x,june,2011-07-01,beta,share,,,60%,50%", "low 60% is above high 50%: exch"
    ),
    report(
        "partial-both", "x,june,2011-07-01,beta,partial,1,2,3%", "partial needs yes and no, or low"
    ),
    report("poll-nobody", "x,june,2011-07-01,beta,poll,0,0", "a poll of nobody says nothing"),
    report("result", "x,june,2011-07-01,beta,outcome,,,,,aproved", "Did you mean 'approved'?"),
    report(
        "private", "x,june,2011-07-01,beta,count,1,2,,,,,maybe", "'maybe' is neither yes nor no"
    ),
    report("html", "x,june,2011-07-01,beta,count,1,2,,,,,,<a href=x>", "holds '<' or '>'"),
    report(
        "replaces", "x,june,2011-07-01,beta,count,1,2,,,,counsil", "id. Did you mean 'council'?"
    ),
    report(
        "replaces-later", "x,june,2011-06-01,council-4,margin,,,-9,,,council", "cannot come first"
    ),
    report("replaces-round", "x,june,2011-07-01,gamma,margin,,,9,,,may-gamma", "the rounds differ"),
    report("replaces-self", "x,june,2011-07-01,gamma,margin,,,9,,,x", "in turn replaces this row"),
    report("cells", "x,june,2011-07-01,beta,count,1,2,,,,,,press, page 3,,", "16 cells for 14 col"),
]

RULES = [
    bylaws("measure", '"yes of ballots"', '"yes of ballot"', "Did you mean 'yes of ballots'?"),
    bylaws("measure-gone", 'measure = "yes of ballots", ', "", "a condition needs a measure"),
    bylaws("comparison", 'nions", more_than', 'nions", morethan', "'morethan'. Did you mean"),
    bylaws(
        "comparisons", "at_least = 3", "at_least = 3, at_most = 4", "here: at_least and at_most"
    ),
    bylaws("no-comparison", ", at_least = 3 }", " }", "exactly one of at_least.*; here: none"),
    bylaws("140", 'nions", at_least = "80%"', 'nions", at_least = "140%"', "is above 100%"),
    bylaws("140-unions", "at_least = 3", 'at_least = "140%"', "'140%' of .* is above 100%"),
    bylaws("80", 'nions", at_least = "80%"', 'nions", at_least = 80', 'did you mean "80%"?'),
    bylaws("float", "at_least = 3", "at_least = 0.8", 'quote it to be exact, e.g. "80%"'),
    bylaws("words", '"1/4"', '"a quarter"', 'not understood: write 14, "80%" or "2/3"'),
    bylaws("negative", "at_least = 3", "at_least = -3", "threshold -3 is not understood"),
    bylaws("fine", '"1/4"', '"0.12345678"', "is finer than one in 1,000,000"),
    bylaws("bool", "at_least = 3", "at_least = true", "threshold True is no number"),
    bylaws(
        "huge", "at_least = 3", f"at_least = 1{'0' * 30}", "is above the unions there are, 7/2 by"
    ),
    bylaws(
        "above-unions", "at_least = 3", "at_least = 5", "5 of .* is above the unions there are, 7/2"
    ),
    bylaws("veto", 'approves = "council-4"', 'approves = "counsil-4"', "mean 'council-4'?"),
    bylaws(
        "veto-local", 'approves = "council-4"', 'approves = "delta-1"', "only a union has a veto"
    ),
    bylaws("veto-more", 'approves = "council-4"', 'approves = "beta", x = 1', "a veto is written"),
    bylaws("no-list", "{ not = { m", "{ any = { m", "any needs a list of conditions in", 19),
    bylaws("empty-list", "{ not = { m", "{ any = [] }, { not = { m", "any needs a list of", 19),
    bylaws("no-table", "{ not = { m", "3, { not = { m", "3 is no condition: write { measure"),
    bylaws("side-by-side", "any = [\n", "all = []\nany = [\n", "side by side: nest them"),
    bylaws("abstaining", '"stays"', '"left"', "abstaining is 'left': say 'stays' or 'leaves'"),
    bylaws("in-force", "{ until = 2011-07-17 }", "{ till = 2011-07-17 }", "in_force takes { since"),
    bylaws("in-force-day", "2011-07-17 }", '"17 July" }', "until '17 July' is no date such as"),
    bylaws(
        "in-force-ends", "{ until", "{ since = 2012-01-01, until", "begins 2012-01-01, after its"
    ),
    bylaws("id-twice", 'id = "new"', 'id = "old"', "id 'old' stands twice"),
    bylaws("id-slash", 'id = "new"', 'id = "new/er"', "'new/er' is no id: use letters"),
    bylaws("unknown-key", 'text = "3', 'txt = "3', "unknown key 'txt'. Did you mean 'text'?"),
    broken(
        "no-reading",
        "bylaws.toml",
        BYLAWS + '\n[[bylaws]]\nid = "later"\n',
        36,
        r"has no \[\[bylaws.reading\]\]: say how the rule is read",
    ),
    broken(
        "no-rule",
        "bylaws.toml",
        BYLAWS + '\n[[bylaws.reading]]\nid = "later"\n',
        36,
        r"has no rule: write all = \[",
    ),
    broken(
        "deep",
        "bylaws.toml",
        BYLAWS + f'\n[[bylaws.reading]]\nid = "deep"\nnot = {"{ not = " * 50}1{"}" * 50}\n',
        36,
        "nests more than 20 levels deep: flatten it",
    ),
    broken(
        "no-bylaws", "bylaws.toml", "# none\n", 1, r"there is no \[\[bylaws\]\]: a case needs one"
    ),
]

IMPOSSIBLE = [
    report(
        "above-members",
        "x,june,2011-07-01,delta-2,count,200,101",
        "'delta-2' has at most 300 members but at least 301 ballots .x.: correct a count",
    ),
    report(
        "partial-above-members",
        "x,june,2011-07-01,delta-2,partial,200,101",
        "'delta-2' has at most 300 members but at least 301 ballots .x.: correct a count",
    ),
    report(
        "approved-against-its-count",
        "x,june,2011-07-01,local-391,outcome,,,,,approved",
        "'local-391' cannot be approved: its count is 600 yes, 900 no. Correct one",
    ),
    report(
        "counts-exchanged",
        "x,june,2011-07-01,local-391,count,900,600",
        "'local-391' has 900 yes, 600 no here and the two exchanged in report 'local-391': yes",
    ),
    report(
        "margin-above-members",
        "x,june,2011-07-01,delta-2,margin,,,301",
        "'delta-2' has at most 300 members but at least 301 ballots",
    ),
    report(
        "two-outcomes",
        "x,june,2011-07-01,delta-1,outcome,,,,,approved",
        "'delta-1' is approved here and rejected in 'delta-right': say in `replaces` which",
    ),
    report(
        "outcome-against-margin",
        "x,june,2011-07-01,council-4,outcome,,,,,approved",
        "'x' .outcome of 'council-4'. and 'council' .margin. cannot both be true: say in `rep",
    ),
    report(
        "outcome-against-share",
        "x,june,2011-07-01,gamma,outcome,,,,,rejected",
        "y,june,2011-07-01,gamma,share,,,70%",
        "'gamma' cannot have this share and be rejected in 'x': say in `replaces` which corrects",
    ),
    report(
        "approved-against-its-locals",
        "x,june,2011-07-01,local-1565,count,100,300",
        "y,june,2011-07-01,council-4/rest,count,10,30",
        "z,june,2011-07-01,council-4,outcome,,,,,approved",
        "'council-4' cannot be approved: its count is 710 yes, 1,230 no",
    ),
    report(
        "approvals-against-outcomes",
        "x,june,2011-07-01,beta,outcome,,,,,rejected",
        "z,june,2011-07-02,*,approvals,,,2",
        "'z' needs 2 to 4 of 4 units to approve, but 0 have and 1 are open",
    ),
    report(
        "approvals-too-many",
        "x,june,2011-07-01,*,approvals,,,4",
        "'x' needs 4 of 4 units to approve, but 0 have and 2 are open: correct one",
    ),
    report(
        "approvals-above-units",
        "x,june,2011-07-01,class:local,approvals,,,5,6",
        "'x' needs 5 to 6 of 4 units to approve",
    ),
    report(
        "approvals-twice",
        "x,june,2011-07-01,*,approvals,,,0,0",
        "'x' and 'unions' cannot both be true of how many units approve",
    ),
    report(
        "ballots-of-an-abstainer",
        "x,june,2011-07-01,local-391,outcome,,,,,abstained",
        "'local-391' has ballots here and abstained in 'x'",
        line=4,
    ),
    report(
        "less-than-its-parts",
        "x,june,2011-07-01,council-4,count,500,1000",
        "'x' counts 500 yes and 1,000 no, but the counts inside it already hold 600 yes and 900",
    ),
    report(
        "share-above-margin",
        "x,june,2011-07-01,council-4,share,,,60%",
        "cannot all be true",
    ),
]

BROKEN = [*FILES, *UNITS, *SETTINGS, *ROWS, *RULES, *IMPOSSIBLE]


def test_the_case_they_break_is_good(tmp_path: Path) -> None:
    """The case that every broken one is made from loads."""
    assert load(write_case(tmp_path)).target == "june"


@pytest.mark.parametrize(("file", "text", "line", "match", "also"), BROKEN)
def test_broken(
    tmp_path: Path, file: str, text: str | bytes, line: int | None, match: str, also: str
) -> None:
    """A broken case names the file and line, what was found and what to do, and only that."""
    found = problems_of(write_case(tmp_path, {file: text}))

    where = f"small/{file}: " if line is None else f"small/{file}:{line}: "
    assert [problem for problem in found if problem.startswith(where) and re.search(match, problem)]
    assert [problem for problem in found if re.search(also, problem)]
    assert len(found) == (2 if also else 1), found


@pytest.mark.parametrize("file", sorted(GOOD))
def test_missing_file(tmp_path: Path, file: str) -> None:
    """A file that is not there is named; what the other files say of it is no second problem."""
    found = problems_of(write_case(tmp_path, {file: None}))

    assert found == [f"small/{file}: there is no such file. Every case needs it"]


def test_folder_in_place_of_a_file(tmp_path: Path) -> None:
    """A folder that has the name of a file is no file."""
    folder = write_case(tmp_path, {"evidence.csv": None})
    (folder / "evidence.csv").mkdir()

    assert problems_of(folder) == ["small/evidence.csv: is not a file"]


def test_large_file(tmp_path: Path) -> None:
    """A file above 20 MB is refused before it is read."""
    folder = write_case(tmp_path)
    with (folder / "evidence.csv").open("r+b") as file:
        file.truncate(LARGEST_FILE + 5_000_000)

    [found] = problems_of(folder)

    assert found == "small/evidence.csv: 25 MB is too large to be a case file (at most 20 MB)"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable_file(tmp_path: Path) -> None:
    """A file nobody may read is named with the reason."""
    folder = write_case(tmp_path)
    (folder / "bylaws.toml").chmod(0)

    assert problems_of(folder) == ["small/bylaws.toml: cannot be read: Permission denied"]


def test_file_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A read that fails is told with its reason, for root as well."""
    folder = write_case(tmp_path)

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    found = problems_of(folder)

    assert found[0] == "small/bylaws.toml: cannot be read: Permission denied"
    assert len(found) == 4


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable_folder(tmp_path: Path) -> None:
    """A folder nobody may enter is told for every file."""
    folder = write_case(tmp_path)
    folder.chmod(0)
    try:
        found = problems_of(folder)
    finally:
        folder.chmod(0o700)

    assert found[0] == "small/bylaws.toml: cannot be read: Permission denied"


@pytest.mark.parametrize(
    ("name", "match"),
    [
        (
            "sebac-2012",
            r"no folder 'sebac-2012' and no shipped case .* Did you mean 'sebac-2011'\?",
        ),
        ("", r"no shipped case of that name\. Shipped: australia"),
        ("x" * 5000, r"'x+\.\.\.( and no|: File name too long)"),
        ("nul\0", "there is no folder|there can be no case"),
    ],
)
def test_no_such_case(name: str, match: str) -> None:
    """A case that is not there is told with the nearest name and those that are shipped."""
    with pytest.raises(RequestError, match=match):
        load(name)


def test_file_in_place_of_a_folder(tmp_path: Path) -> None:
    """A file of a case is not the case."""
    folder = write_case(tmp_path)

    with pytest.raises(RequestError, match=r"is a file: name the folder that holds case\.toml"):
        load(folder / "case.toml")


def test_all_problems_at_once(tmp_path: Path) -> None:
    """Problems of several files are told together, in the order of files and lines."""
    folder = write_case(
        tmp_path,
        {
            "case.toml": CASE.replace("tau_union", "tau_unoin"),
            "electorate.csv": ELECTORATE.replace("local,1850", "local,-1850").replace(
                "local,300", "local,300.5"
            ),
            "evidence.csv": with_rows(
                "x,june,2011-02-30,local-931,count,1", "y,june,2011-07-01,beta,cuont,1,2"
            ),
            "bylaws.toml": BYLAWS.replace("at_least = 3", "at_least = 0.8"),
        },
    )

    found = problems_of(folder)

    places = [problem.split(": ")[0] for problem in found]
    assert places == [
        "small/bylaws.toml:12",
        "small/case.toml:16",
        "small/electorate.csv:5",
        "small/electorate.csv:12",
        "small/evidence.csv:15",
        "small/evidence.csv:15",
        "small/evidence.csv:16",
    ]
    assert re.search("Did you mean 'local-391'", "\n".join(found))


def test_a_file_that_is_wrong_throughout(tmp_path: Path) -> None:
    """After 100 problems a file is not read on: they are mostly one problem."""
    rows = [f"x{number},june,2011-07-01,beta,cuont,1,2" for number in range(150)]
    folder = write_case(tmp_path, {"evidence.csv": with_rows(*rows)})

    found = problems_of(folder)

    assert len(found) == 101
    assert found[-1] == "small/evidence.csv:115: is not read from here on: 100 problems above"


def test_a_broken_file_casts_no_shadow(tmp_path: Path) -> None:
    """Rounds and units that a broken file would define are not called unknown elsewhere."""
    folder = write_case(tmp_path, {"case.toml": "title = 3 3\n", "electorate.csv": 'unit\n"a\n'})

    places = [problem.split(": ")[0] for problem in problems_of(folder)]

    assert places == ["small/case.toml:1", "small/electorate.csv:2"]


def test_impossible_evidence_of_two_rounds(tmp_path: Path) -> None:
    """What cannot be true is told for every round."""
    folder = write_case(
        tmp_path,
        {
            "evidence.csv": with_rows(
                "a,may,2011-05-21,gamma,outcome,,,,,approved",
                "b,june,2011-07-01,delta-2,count,300,1",
            )
        },
    )

    places = [problem.split(": ")[0] for problem in problems_of(folder)]

    assert places == ["small/evidence.csv:15", "small/evidence.csv:16"]


def test_members_left_blank(tmp_path: Path) -> None:
    """A rule that needs members is refused where a unit's members are blank."""
    folder = write_case(
        tmp_path, {"electorate.csv": edited("electorate.csv", "local,300", "local,")}
    )

    found = problems_of(folder)

    assert [problem.split(": ")[0] for problem in found] == [
        "small/bylaws.toml:13",
        "small/bylaws.toml:20",
    ]
    assert re.search("needs the members of 'delta-2', which electorate.csv leaves blank", found[0])


def test_members_that_rosters_fill(tmp_path: Path) -> None:
    """Blank members that every roster variant gives are no problem."""
    folder = write_case(
        tmp_path, {"electorate.csv": edited("electorate.csv", "union,900,,,", "union,,,,")}
    )

    assert load(folder).electorate.by_id["gamma"].figure.members is None


def test_roster_that_contradicts_the_total(tmp_path: Path) -> None:
    """Unions that exceed the total in one roster variant only are told with that variant."""
    folder = write_case(tmp_path, {"case.toml": edited("case.toml", '"*" = 5100', '"*" = 4000')})

    [found] = problems_of(folder)

    assert found.startswith("small/electorate.csv:3: the coalition has 4000 members, its units at")
    assert "(round may, roster with-retired). Correct a figure or give it an error" in found


def test_every_union_has_no_weight(tmp_path: Path) -> None:
    """A coalition whose unions all weigh 0 can count none of them."""
    text = "unit,weight\ncouncil-4,0\nbeta,0\n"
    folder = write_case(tmp_path, {"electorate.csv": text})

    assert "small/electorate.csv: every union has weight 0: no rule can count them" in problems_of(
        folder
    )


@pytest.mark.parametrize(
    ("row", "match"),
    [
        ("zeta,1", "unit 'zeta' is not in electorate.csv. Did you mean 'beta'?"),
        ("gamma,high", "pay 'high' is no number from -10 to 10, such as 0.5"),
        ("gamma,nan", "pay 'nan' is no number"),
        ("gamma,1e5", "pay '1e5' is no number"),
        ("gamma,11", "pay '11' is no number from -10 to 10"),
        ("beta,2", "unit 'beta' stands twice"),
    ],
)
def test_features(tmp_path: Path, row: str, match: str) -> None:
    """A feature is a number from -10 to 10 of a unit there is, once."""
    folder = write_case(tmp_path, {"features.csv": f"unit,pay\nbeta,1.5\n{row}\n"})

    [found] = problems_of(folder)

    assert found.startswith("small/features.csv:3: ")
    assert match in found


def test_feature_columns_are_ids(tmp_path: Path) -> None:
    """The name of a feature is an id, since reports and models use it as one."""
    folder = write_case(tmp_path, {"features.csv": "unit,<b>pay</b>\nbeta,1\n"})

    [found] = problems_of(folder)

    assert "is no id: use letters" in found


# Cells that have broken readers of such files before.
CELLS = st.sampled_from(
    [
        *("", " ", "*", "-", "-1", "0", "1e9", "1" * 40, "0x10", "nan", "inf", "1/0", "0/1", "57"),
        *("57%", "140%", "1,000", "2011-02-30", "2011-06-11", "9999-12-31T23:59:59.9", "june"),
        *("beta", "council-4 - council-4", "* - beta", "class:local", "class:", "beta +", "delta"),
        *("approved", "abstained", "rejected", "count", "partial", "approvals", "share", "units"),
        *("<b>", "\u202e", "\x00", "\N{ARABIC-INDIC DIGIT FIVE}", '"', "#", "\n", "\r", "'" * 3),
    ]
)


@st.composite
def broken_cases(draw: st.DrawFn) -> dict[str, bytes]:
    """The good case with cells exchanged, lines moved and bytes changed in one or two files."""
    changed = {}
    for file in draw(st.sets(st.sampled_from(sorted(GOOD)), min_size=1, max_size=2)):
        lines = GOOD[file].split("\n")
        for _ in range(draw(st.sampled_from([0, 1, 1, 1, 2]))):
            index = draw(st.integers(0, len(lines) - 1))
            parts = re.split(r"([,= ])", lines[index])
            parts[draw(st.integers(0, len(parts) - 1))] = draw(CELLS)
            lines[index] = "".join(parts)
        if draw(st.sampled_from([True, False, False, False])):
            lines.insert(draw(st.integers(0, len(lines))), draw(st.sampled_from(lines)))
        data = bytearray("\n".join(lines).encode())
        for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
            data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
        changed[file] = bytes(data)
    return changed


@given(changed=broken_cases())
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_else_escapes(
    tmp_path_factory: pytest.TempPathFactory, changed: dict[str, bytes]
) -> None:
    """Whatever the files hold, a case loads or its problems are told: no other error escapes."""
    folder = write_case(tmp_path_factory.mktemp("fuzz"), changed)
    found: tuple[Problem, ...] = ()

    try:
        assert isinstance(load(folder), Case)
    except CaseError as error:
        found = error.problems

    assert list(found) == sorted(found, key=lambda p: (p.file, p.line or 0, p.message))


@pytest.mark.parametrize("name", sorted(shipped()))
def test_shipped_cases_are_good(name: str) -> None:
    """Every shipped case loads."""
    assert load(name).id == name
