# SPDX-License-Identifier: Apache-2.0
# measure.py: run commands turn by turn and take medians; what tests/bench/launch and its parts share.
# Machines are noisy: turns spread a disturbance over all, so that differences within one run hold.
import os
import statistics
import time


def milliseconds(command, environment=None):
    """From before the process exists to after it is reaped; its output is thrown away."""
    nowhere = [(os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_RDWR, 0) for fd in (0, 1)]
    begin = time.monotonic()
    child = os.posix_spawnp(command[0], command, os.environ if environment is None else environment, file_actions=nowhere)
    _, status = os.waitpid(child, 0)
    spent = (time.monotonic() - begin) * 1000
    if status != 0:
        raise SystemExit(f"launch: wait status {status} of: {' '.join(command)}")
    return spent


def in_turns(commands, rounds, environment=None):
    """Commands by name; the times of each by name, in the order of the rounds. The first turn only warms up."""
    times = {name: [] for name in commands}
    for turn in range(rounds + 1):
        for name, command in commands.items():
            spent = milliseconds(command, environment)
            if turn > 0:
                times[name].append(spent)
    return times


def median(values):
    return round(statistics.median(values), 2)


def median_difference(some, others):
    """Of the pairs of one turn: what both saw of the machine cancels out."""
    return median([a - b for a, b in zip(some, others)])
