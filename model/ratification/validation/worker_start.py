"""What each local worker does first. Dask calls it, by the module's name."""

import signal


def dask_setup(worker: object) -> None:  # noqa: ARG001  Dask's signature
    """Leave Ctrl-C to the process that began the run: it closes its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
