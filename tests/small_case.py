"""A small good case that tests write to a folder and break, one thing at a time."""

from collections.abc import Mapping
from pathlib import Path

CASE = """\
title = "Four unions"
target = "june"

[[round]]
id = "may"
title = "First vote"

[[round]]
id = "june"
title = "Second vote"
question = "The package"
repeats = "may"

[priors]
mu = { mean = 0.4, sd = 0.6 }
tau_union = 0.5

[[roster]]
id = "as-published"
weight = "2/3"
members = { gamma = 900 }

[[roster]]
id = "with-retired"
weight = "1/3"
members = { gamma = 1000, "*" = 5100 }

[[scenario]]
id = "again"
title = "A further vote"
round = "june"
swing = { mean = 0.3, sd = 0.4 }
returns = "withheld"

[[stake]]
name = "jobs cut"
ratified = 0
defeated = 120
"""

ELECTORATE = """\
# A comment with a "quote, and a comma.
unit,parent,name,class,members,error,low,high,decides,weight,round,source,note
*,,The coalition,,5000,100,,,,,,,
council-4,,Council 4,union,2900,,,,,,,press,
local-391,council-4,Local 391,local,1850,,,,,,,press,"Prisons, northern"
local-1565,council-4,Local 1565,local,1000,,,,,,,,
beta,,Beta Union,union,500,50,450,600,,1/2,,,
gamma,,Gamma Union,union,900,,,,2/3,,,,
gamma,,Gamma Union,union,950,,,,,,may,,
delta,,Delta Union,union,700,,,,units,,,,
delta-1,delta,Delta One,local,400,,,,,,,,
delta-2,delta,Delta Two,local,300,,,,,,,,
"""

EVIDENCE = """\
# Yes comes first.
id,round,reported,units,kind,yes,no,low,high,result,replaces,private,source,note
may-gamma,may,2011-05-20,gamma,outcome,,,,,rejected,,,press,
local-391,june,2011-06-10,local-391,count,600,900,,,,,,press,"Printed ""900-600"", no first"
beta-early,june,2011-06-11,beta,partial,50,40,,,,,,,
beta-late,june,2011-06-12,beta,partial,120,100,,,,,,,
council,june,2011-06-13,council-4,margin,,,-500,-100,,,,,
gamma-share,june,2011-06-14,gamma,share,,,60%,0.8,,,,,
gamma-turnout,june,2011-06-14,gamma,turnout,,,1/2,,,,,,
gamma-back,june,2011-06-14T18:30,gamma,returned,,,,900,,,,,
delta-poll,june,2011-06-15,delta,poll,30,20,,,,,yes,,
unions,june,2011-06-16,*,approvals,,,1,3,,,,,
delta-wrong,june,2011-06-17,delta-1,outcome,,,,,approved,,,,
delta-right,june,2011-06-18,delta-1,outcome,,,,,rejected,delta-wrong,,,
"""

BYLAWS = """\
[[bylaws]]
id = "old"
title = "Old bylaws"
text = "3 of 4 unions and 80% of members"
in_force = { until = 2011-07-17 }

[[bylaws.reading]]
id = "members"
title = "unions that hold 80% of members"
abstaining = "stays"
all = [
    { measure = "approving unions", at_least = 3 },
    { measure = "members of approving unions", at_least = "80%" },
]

[[bylaws.reading]]
id = "ballots"
title = "80% of ballots"
any = [
    { measure = "yes of ballots", at_least = "80%" },
    { not = { measure = "opposed unions", more_than = "1/4" } },
]

[[bylaws]]
id = "new"
title = "New bylaws"

[[bylaws.reading]]
id = "majority"
title = "A majority, and Council 4"
all = [
    { measure = "approving unions", at_least = 2 },
    { approves = "council-4" },
]
"""

GOOD = {
    "case.toml": CASE,
    "electorate.csv": ELECTORATE,
    "evidence.csv": EVIDENCE,
    "bylaws.toml": BYLAWS,
}


def write_case(parent: Path, changed: Mapping[str, str | bytes | None] | None = None) -> Path:
    """Write the case into `parent/small`, with some files replaced, or left out where None."""
    folder = parent / "small"
    folder.mkdir(parents=True)
    for file, content in {**GOOD, **(changed or {})}.items():
        if isinstance(content, bytes):
            (folder / file).write_bytes(content)
        elif content is not None:
            (folder / file).write_text(content, encoding="utf-8", newline="")
    return folder


def edited(file: str, old: str, new: str) -> str:
    """One of the good files with one place changed."""
    assert GOOD[file].count(old) == 1, f"{old!r} stands {GOOD[file].count(old)} times in {file}"
    return GOOD[file].replace(old, new)


def with_rows(*rows: str) -> str:
    """The good evidence with more rows at its end."""
    return EVIDENCE + "".join(f"{row}\n" for row in rows)
