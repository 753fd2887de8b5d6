"""A small commented case to start from: what `ratify new` writes."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from ratification.case.writing import write_whole
from ratification.errors import RequestError

CASE = """\
# What the case is about. Lines that start with # are comments: change or delete them as you like.
title = "Hospital contract, an example"
target = "2024-05"                  # the round that a forecast is about

[[round]]                           # one block for every vote of these members
id = "2024-05"
title = "Vote on the tentative agreement"
question = "Do you accept the tentative agreement of 26 April?"
# due = { "*" = 2024-05-20 }        # when results are expected: all, or a unit = its day

[[round]]
id = "2024-06"
title = "Second vote, if there is one"
repeats = "2024-05"                 # the same members: how a unit voted then informs this round

# [priors] changes what is believed before any report; without it the defaults hold.
# [priors]
# mu = { mean = 0.4, sd = 0.6 }     # logit of the yes share: 0.4 is 60%

[[scenario]]                        # a what-if: `ratify forecast FOLDER --scenario second-vote`
id = "second-vote"
title = "Second vote on a clarified agreement, returns withheld"
round = "2024-06"
swing = { mean = 0.5, sd = 0.4 }    # logit, whole coalition: 0.5 moves 50% to 62%
returns = "withheld"                # or "published", as they come in
"""

ELECTORATE = """\
# Who votes. One line for each union and, where votes are counted in parts, for each part.
#
# unit       a short id: letters, digits, hyphens. The line * is the whole coalition (optional)
# parent     the unit that it lies in; blank for a union
# name       what people call it; quote it if it holds a comma
# class      a label of your own, so that evidence can say class:local
# members    best figure of those who may vote. May be blank if no rule needs it
# error      how far off that may be, one standard deviation; blank = exact
# low,high   bounds that it cannot leave; blank = none
# decides    blank: all its ballots together, more yes than no. units or all-units: most, or all,
#            of its units. 2/3: that share of its ballots
# weight     what it counts for among the unions; blank = 1
# source     where the figure is from
#
# More columns are possible, in any order: round (a figure for one round only), note.
unit,parent,name,class,members,error,low,high,decides,weight,source
*,,The coalition,,9100,200,,,,,joint statement
nurses,,Nurses United,union,4200,,,,,,membership list
nurses-city,nurses,"Nurses United, City Hospital",local,2600,,,,,,membership list
nurses-county,nurses,"Nurses United, County Hospital",local,1600,,,,,,membership list
technicians,,Technicians' Guild,union,1900,,,,,,membership list
service,,Service Workers 77,union,1500,150,1300,,,,estimate: 1300 pay dues
clerks,,Clerical Union,union,900,,,,,,membership list
doctors,,Resident Doctors,union,600,40,,,2/3,,their website
"""

EVIDENCE = """\
# What has been reported. One line for each report; yes always comes before no.
#
# id         any name of your own, once
# round      a round of case.toml
# reported   the day it became known, not the day of the vote: 2024-05-14 or 2024-05-14T18:30
# units      a unit, * for all, class:local, or a sum such as nurses - nurses-city (mind the spaces)
# kind       what is said, and which columns say it:
#   count      yes,no     a complete count
#   partial    yes,no     counted so far, the rest open; or low,high as yes share so far
#   outcome    result     approved, rejected or abstained; no numbers known
#   share      low,high   yes share: 56.5% and 57.5% for "57%"; either side may be blank
#   margin     low,high   yes less no: -250 and -150 for "about 200 behind"
#   turnout    low,high   ballots of members, as a share
#   returned   low,high   ballots returned, not yet counted
#   approvals  low,high   how many of these units approved; high blank = at least
#   poll       yes,no     a straw poll of these members
# replaces   the id of a line that this one corrects; keep the old line
# private    yes keeps it out of public reports
#
# Delete these and type your own, or use `ratify add FOLDER`.
id,round,reported,units,kind,yes,no,low,high,result,replaces,private,source,note
clerks,2024-05,2024-05-13,clerks,count,412,288,,,,,,union website,
nurses-county,2024-05,2024-05-14,nurses-county,outcome,,,,,rejected,,,radio,No numbers given
technicians-first,2024-05,2024-05-14,technicians,partial,310,290,,,,,,a member of the board,
technicians-turnout,2024-05,2024-05-15,technicians,turnout,,,65%,75%,,,,local paper,About 70%
service-poll,2024-05,2024-05-10,service,poll,64,46,,,,,yes,shop stewards,
"""

BYLAWS = """\
# The rules. A rule may be read in more than one way: the first reading is what holds, and
# `--bylaws 2019/ballots` picks another. Thresholds are exact: 4, "80%", "2/3". Quote a share.
#
# measure      approving unions, opposed unions      a number, or a share such as "1/2"
#              members of approving unions           share of all members
#              ballots of approving unions           share of all ballots
#              yes of ballots, yes of members, turnout
# compare by   at_least, more_than, at_most, less_than
# combine by   all = [ ... ], any = [ ... ], not = { ... }, one inside another as needed
# a veto       { approves = "nurses" }
# abstaining   "stays": a union that abstains stays in the denominator; "leaves": it does not count

[[bylaws]]
id = "2019"
title = "Bylaws of 2019"
text = "Ratified by four of the five unions and by two thirds of the membership."
in_force = { since = 2019-03-01 }

[[bylaws.reading]]
id = "members"
title = "4 of 5 unions, which hold two thirds of members"
abstaining = "stays"
all = [
    { measure = "approving unions", at_least = 4 },
    { measure = "members of approving unions", at_least = "2/3" },
]

[[bylaws.reading]]
id = "ballots"
title = "4 of 5 unions, and two thirds of ballots are yes"
all = [
    { measure = "approving unions", at_least = 4 },
    { measure = "yes of ballots", at_least = "2/3" },
]

[[bylaws]]
id = "majority"
title = "Proposed: a simple majority"
text = "Most unions, and most of those who vote."

[[bylaws.reading]]
id = "double"
title = "3 of 5 unions, and more than half of ballots"
all = [
    { measure = "approving unions", at_least = 3 },
    { measure = "yes of ballots", more_than = "1/2" },
]
"""

TEMPLATE = {
    "case.toml": CASE,
    "electorate.csv": ELECTORATE,
    "evidence.csv": EVIDENCE,
    "bylaws.toml": BYLAWS,
}


def write_new_case(folder: Path, *, force: bool = False) -> None:
    """Write the four files of a small case, with comments that say what each column is.

    Files of those names are replaced only with `force`; others in the folder stay.

    Raises:
        RequestError: the folder holds something and `force` is off, or it cannot be written.
    """
    target = folder.resolve()
    try:
        if target.exists() and not target.is_dir():
            raise RequestError(f"{folder} is a file: name a folder to write the case into")
        if target.is_dir() and any(target.iterdir()) and not force:
            raise RequestError(
                f"{folder} is not empty: name a new folder, or use --force to replace its "
                f"{', '.join(TEMPLATE)}"
            )
        if not target.exists():
            _make(target, {file: text.encode() for file, text in TEMPLATE.items()})
            return
    except OSError as error:
        raise RequestError(f"cannot write {folder}: {error.strerror or error}") from None
    for file, text in TEMPLATE.items():
        write_whole(target / file, text.encode())


def make_folder(target: Path, files: Mapping[str, bytes]) -> None:
    """A new folder with all its files, or none.

    Raises:
        RequestError: it cannot be written.
    """
    try:
        _make(target, files)
    except OSError as error:
        raise RequestError(f"cannot write {target}: {error.strerror or error}") from None


def _make(target: Path, files: Mapping[str, bytes]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.new")
    temporary.mkdir()
    try:
        for file, data in files.items():
            (temporary / file).write_bytes(data)
        temporary.rename(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
