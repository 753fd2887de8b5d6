"""Calibration: whether the model, fitted as it stands, says how sure it may be."""

from collections.abc import Sequence
from pathlib import Path
from typing import Unpack

from ratification.api.forecasts import DEFAULT_SEED
from ratification.case.bounds import check_possible
from ratification.case.bylaws import choose
from ratification.case.case import Case
from ratification.case.fingerprint import fingerprint
from ratification.case.known import known
from ratification.case.priors import settings_of
from ratification.case.writing import write_whole
from ratification.errors import RequestError
from ratification.inference.fit import Progress, no_progress
from ratification.inference.posterior import EngineChoice, EngineName
from ratification.inference.versions import versions
from ratification.validation.calibrating import Calibration, calibrate_on
from ratification.validation.jobs import JobSettings

DEFAULT_FITS = 1000
FEWEST_FITS, MOST_FITS = 50, 100_000


def calibrate(
    case: Case,
    *,
    round_id: str | None = None,
    as_of: str | None = None,
    bylaws: Sequence[str] = (),
    engine: EngineChoice = "instant",
    fits: int = DEFAULT_FITS,
    seed: int = DEFAULT_SEED,
    progress: Progress = no_progress,
    **where: Unpack[JobSettings],
) -> Calibration:
    """Simulation-based calibration on a case's electorate and its pattern of reports on a day.

    Votes are simulated from the case's priors, reported on as the case's own vote was, and fitted;
    see docs/calibration.md. `bylaws` such as "1996/ballots" (all readings if empty) say of which
    rules the chance of ratification is checked. With "nuts" one compiled model serves all fits
    of a process. `where` says by how many `processes` or which Dask `scheduler` it is done, and in
    which file what is done is `kept`, as `validation.jobs.run_jobs` takes it.

    Raises:
        RequestError: the case has no such round or bylaws, or too few or too many fits.
        CaseError: the evidence in force cannot all be true.
        JobError: a job failed, or every worker died.
    """
    if not FEWEST_FITS <= fits <= MOST_FITS:
        raise RequestError(f"fits {fits:,} is not from {FEWEST_FITS} to {MOST_FITS:,}")
    readings = choose(case.bylaws, tuple(bylaws))
    target = case.round(round_id or case.target)
    evidence = case.evidence(as_of=as_of, round_id=target.id)
    facts = known(evidence, target.id, case.electorate, case.id)
    check_possible(facts, case.electorate, evidence.reports, case.id)
    names: tuple[EngineName, ...] = ("nuts", "instant") if engine == "auto" else (engine,)
    days = [report.reported for report in evidence.reports]
    return Calibration(
        case=case.id,
        title=case.title,
        round=target.id,
        round_title=target.title,
        as_of=as_of or (days[-1] if days else None),
        reports=len(evidence.reports),
        engine=engine,
        seed=seed,
        assumptions=tuple(f"prior {text}" for text in settings_of(case.priors)),
        inputs=fingerprint(case, evidence),
        versions={key: value for name in names for key, value in versions(name).items()},
        found=calibrate_on(
            case,
            evidence,
            target.id,
            readings,
            engine=engine,
            fits=fits,
            seed=seed,
            progress=progress,
            **where,
        ),
    )


def write_calibration(path: Path, calibration: Calibration) -> None:
    """Write one HTML page about a calibration, with rank plots. It replaces a file that is there.

    Raises:
        RequestError: the file cannot be written.
    """
    from ratification.output.page.calibration import calibration_page
    from ratification.output.page.render import render

    write_whole(path, render(calibration_page(calibration)).encode())
