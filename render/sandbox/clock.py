"""The wall clock of a process, without the time that a busy machine keeps it from its processor.

Imports nothing of the package.
"""

import time

STRETCH = 4.0
"""However busy the machine is, a process gets at most so many times its wall clock."""
LOOK_S = 0.5
"""Shortest wait between two looks at how long a process had to wait."""

_monotonic = time.monotonic
"""Kept, because `chance.fix_chance` replaces it for programs."""


class Patience:
    """The time for which a process is still waited for.

    Args:
        pid: of the process.
        timeout_s: wall clock that it may take.
    """

    def __init__(self, pid: int, timeout_s: float) -> None:
        self._pid, self._timeout_s = pid, timeout_s
        self._start_s = _monotonic()
        self._start_delay_s: float | None = None

    def left(self) -> float:
        """Return the seconds to wait before the next look; 0 once the process has had its time."""
        if self._start_delay_s is None:
            # Not before somebody waits, as most do not.
            self._start_delay_s = run_delay_s(self._pid)
        elapsed_s = _monotonic() - self._start_s
        if elapsed_s < self._timeout_s:
            return self._timeout_s - elapsed_s
        if elapsed_s >= STRETCH * self._timeout_s:
            return 0.0
        missing_s = self._timeout_s - (elapsed_s - self._kept_waiting_s())
        return max(missing_s, LOOK_S) if missing_s > 0 else 0.0

    def starved(self) -> bool:
        """Tell whether the process was mostly waiting for a processor."""
        return self._kept_waiting_s() > (_monotonic() - self._start_s) / 2

    def _kept_waiting_s(self) -> float:
        return max(0.0, run_delay_s(self._pid) - (self._start_delay_s or 0.0))


def run_delay_s(pid: int) -> float:
    """Return the seconds for which the process `pid` was ready to run and had no processor; 0 where nobody knows."""
    try:
        with open(f"/proc/{pid}/schedstat") as file:
            return int(file.read().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0
