#!/usr/bin/python3
"""Counts the instructions of fixed pieces of work, where time is too noisy to see a few per cent.

    instructions.py KILN DIRECTORY           compare with DIRECTORY/instructions-<isa>.json
    instructions.py KILN DIRECTORY --record  write that file
    instructions.py --self-test              check that changes are seen

Each job of `kiln bench --job` runs once under callgrind, which counts only inside the function
kiln_bench_job. Counts depend on compiler and flags, so the file keeps both. A job that does other
work than the stored one (`did`: nodes, leaves or moves) takes other instructions for a reason: that
is told apart. Exit code 1: a count changed by more than 2 per cent, in either direction, because an
improvement that is not stored is lost unnoticed later.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

JOBS = ["perft", "search", "solve", "evaluate", "self-play", "absorb"]
THRESHOLD = 0.02


def total_of(profile):
    """The instructions in the text of a callgrind.out file."""
    match = re.search(r"^(?:totals|summary): (\d+)", profile, re.MULTILINE)
    if match is None:
        raise ValueError("callgrind wrote no total")
    return int(match.group(1))


def count(kiln, job):
    """What a job says of itself, with its instructions."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "callgrind.out")
        done = subprocess.run(
            ["valgrind", "-q", "--tool=callgrind", "--toggle-collect=kiln_bench_job",
             f"--callgrind-out-file={out}", kiln, "bench", "--job", job],
            capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"instructions.py: the job {job} failed under valgrind:\n{done.stderr}")
        with open(out, encoding="utf-8") as file:
            return json.loads(done.stdout) | {"instructions": total_of(file.read())}


def compare(stored, counted):
    """Lines that tell how each job changed, and the names of those that changed too much."""
    lines = [f"{'job':<12} {'stored':>16} {'now':>16} {'ratio':>7}"]
    changed = []
    for key in ("compiler", "build"):
        if stored[key] != counted[key]:
            lines.insert(0, f"the stored counts are of another {key}: {stored[key]}, "
                            f"not {counted[key]}")
    for job, now in counted["jobs"].items():
        before = stored["jobs"].get(job)
        if before is None:
            lines.append(f"{job:<12} {'-':>16} {now['instructions']:>16,} {'-':>7}  not stored")
            changed.append(job)
            continue
        ratio = now["instructions"] / max(1, before["instructions"])
        line = (f"{job:<12} {before['instructions']:>16,} {now['instructions']:>16,} "
                f"{ratio:>7.4f}")
        if abs(ratio - 1) > THRESHOLD:
            changed.append(job)
            line += "  CHANGED"
        if before["did"] != now["did"]:
            line += f"  other work: {before['did']} before, {now['did']} now"
        lines.append(line)
    return lines, changed


def counts_of(kiln):
    jobs = {}
    about = {}
    for job in JOBS:
        print(f"counting {job}...", file=sys.stderr)
        about = count(kiln, job)
        jobs[job] = {"instructions": about["instructions"], "did": about["did"]}
    return about["isa"], {"compiler": about["compiler"], "build": about["build"], "jobs": jobs}


def self_test():
    profile = "version: 1\ncreator: callgrind-3.19.0\nevents: Ir\n\nfn=(1) f\n1 5\n\ntotals: 1205\n"
    assert total_of(profile) == 1205
    assert total_of("events: Ir\nsummary: 77\n\n\nfn=(1)\n") == 77
    try:
        total_of("events: Ir\n")
        assert False, "a file without a total was read"
    except ValueError:
        pass
    about = {"compiler": "g++ 12", "build": "optimised"}
    stored = about | {"jobs": {"a": {"instructions": 1000, "did": 5},
                               "b": {"instructions": 1000, "did": 5},
                               "c": {"instructions": 1000, "did": 5},
                               "d": {"instructions": 1000, "did": 5}}}
    now = about | {"jobs": {"a": {"instructions": 1019, "did": 5},
                            "b": {"instructions": 1021, "did": 5},
                            "c": {"instructions": 979, "did": 5},
                            "d": {"instructions": 1000, "did": 6},
                            "e": {"instructions": 1, "did": 1}}}
    lines, changed = compare(stored, now)
    assert changed == ["b", "c", "e"], changed
    assert any(line.startswith("d") and "other work: 5 before, 6 now" in line for line in lines)
    assert not any("another" in line for line in lines)
    assert compare(stored, stored)[1] == []
    lines, _ = compare(stored | {"compiler": "clang 14"}, now)
    assert "another compiler: clang 14, not g++ 12" in lines[0]


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    if len(arguments) not in (2, 3) or arguments[2:] not in ([], ["--record"]):
        sys.exit(__doc__)
    kiln, folder = arguments[:2]
    if shutil.which("valgrind") is None:
        sys.exit("instructions.py: valgrind is not installed; `make deps-dev` installs it")
    isa, counted = counts_of(kiln)
    path = os.path.join(folder, f"instructions-{isa}.json")
    if arguments[2:]:
        with open(path, "w", encoding="utf-8") as file:
            file.write(json.dumps(counted, indent=2) + "\n")
        print(f"stored in {path}")
        return None
    try:
        with open(path, encoding="utf-8") as file:
            stored = json.load(file)
    except FileNotFoundError:
        print(*compare(counted, counted)[0], sep="\n")
        print(f"nothing to compare with: there is no {path}; `make baseline` writes it")
        return None
    lines, changed = compare(stored, counted)
    print(*lines, sep="\n")
    if changed:
        sys.exit(f"instructions.py: changed by more than {THRESHOLD:.0%}: {', '.join(changed)}")
    print(f"all within {THRESHOLD:.0%} of {path}")
    return None


if __name__ == "__main__":
    main(sys.argv[1:])
