# SPDX-License-Identifier: Apache-2.0
# root_calls.py TRACE: the system calls that slurmd, slurmstepd and what they forked made while any of their user ids was 0,
# from `strace -f -s 4096` of a slurmd: one line each, numbers replaced, with how often it was made.
# Not here: which of them are right (tests/slurm/test-root-audit.sh).
import re
import sys
from collections import Counter

PATHLESS = {"socketpair", "kill", "tgkill", "setns", "unshare", "socket", "pidfd_open", "ptrace"}
FORKS = {"clone", "clone3", "fork", "vfork"}
IDS = {"setresuid": 3, "setreuid": 2, "setuid": 1}


def merged(lines):
    """Whole calls: (pid, name, arguments, result)."""
    unfinished = {}
    for line in lines:
        match = re.match(r"(\d+) +(.*)", line.rstrip("\n"))
        if not match:
            continue
        pid, text = int(match[1]), match[2]
        if text.endswith("<unfinished ...>"):
            unfinished[pid] = text[: -len("<unfinished ...>")]
            continue
        resumed = re.match(r"<\.\.\. \w+ resumed>(.*)", text)
        if resumed:
            text = unfinished.pop(pid, "") + resumed[1]
        call = re.match(r"(\w+)\((.*)\) += (-?\d+|\?|0x[0-9a-f]+)", text)
        if call:
            yield pid, call[1], call[2].strip(), call[3]


class Process:
    def __init__(self, parent=None):
        self.ids = list(parent.ids) if parent else [0, 0, 0]
        self.program = parent.program if parent else "slurmd"

    def change(self, name, arguments):
        wanted = [int(n) for n in re.findall(r"-?\d+", arguments)]
        if name == "setuid":
            self.ids = wanted * 3 if 0 in self.ids[:2] else [self.ids[0], wanted[0], self.ids[2]]
            return
        saved = [self.ids[2]] if name == "setreuid" else []
        self.ids = [new if new != -1 else old for new, old in zip(wanted + saved, self.ids)]
        if name == "setreuid" and wanted != [-1, -1]:
            self.ids[2] = self.ids[1]  # setreuid(2), where the real id is set or the effective one leaves it


def main():
    processes, made = {}, Counter()
    with open(sys.argv[1], errors="surrogateescape") as trace:
        for pid, name, arguments, result in merged(trace):
            process = processes.setdefault(pid, Process())
            if name in FORKS:
                if result.isdigit():
                    child = int(result)
                    known = processes.get(child)
                    processes[child] = Process(process)
                    if known and known.ids != [0, 0, 0]:
                        processes[child] = known
                if "CLONE_THREAD" in arguments:
                    continue
            if 0 in process.ids:
                paths = re.findall(r'"((?:[^"\\]|\\.)*)"', arguments)
                if name == "execve":
                    paths = paths[:1]
                if paths or name in PATHLESS or name in FORKS:
                    what = " ".join([process.program, name] + ([] if name in FORKS else paths or [arguments]))
                    made[re.sub(r"\d+", "N", re.sub(r"0x[0-9a-f]+", "P", what))] += 1
            if name in IDS and result == "0":
                process.change(name, arguments)
            if name == "execve" and result == "0":
                process.program = re.search(r'"([^"]*)"', arguments)[1].rpartition("/")[2]
    for what, count in sorted(made.items()):
        print(count, what)


main()
