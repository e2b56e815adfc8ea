#!/usr/bin/python3
"""Tells in which functions the time of search, solver and training goes, as Markdown.

    profile.py KILN         with perf, where it is installed and permitted; else with callgrind,
                            which counts instructions instead of time
    profile.py --self-test  check that the tools' reports are read right

Functions that were inlined count for the one they are in.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

# What, the job of `kiln bench --job`, and how often it is done for perf: some seconds each, so that
# preparing it, a tenth of a second that perf sees too, is little beside it.
WORK = [("midgame search", "search", 100), ("exact solving", "solve", 800),
        ("training at one ply", "training", 200)]
TOP = 12
SHARE_MIN = 1.0  # per cent


def short(symbol):
    """A function's name without arguments, compiler's suffixes and unnamed namespaces."""
    symbol = symbol.replace("(anonymous namespace)::", "").replace("{anonymous}::", "")
    symbol = re.sub(r"(\.(isra|part|constprop|lto_priv|cold)(\.\d+)*)+", "", symbol)
    symbol = re.sub(r"\s*\[clone[^\]]*\]", "", symbol)
    depth = 0
    for at, letter in enumerate(symbol):
        if letter == "(" and depth == 0 and at > 0 and not symbol[:at].endswith("operator"):
            symbol = symbol[:at]
            break
        depth += {"<": 1, ">": -1}.get(letter, 0)
    # A template's name begins with its return type.
    return symbol.split(" ")[-1] if "<" not in symbol else symbol


def read_perf(report):
    """(share in per cent, function) from `perf report --stdio -F overhead,sym`."""
    rows = re.findall(r"^\s*([\d.]+)%\s+\[[.k]\]\s+(.+?)\s*$", report, re.MULTILINE)
    return [(float(share), short(symbol)) for share, symbol in rows]


def read_callgrind(report):
    """The same from callgrind_annotate."""
    rows = re.findall(r"^\s*[\d,]+ \(\s*([\d.]+)%\)\s+[^:\s]+:(.+?)(?: \[[^\]]*\])?\s*$", report,
                      re.MULTILINE)
    return [(float(share), short(symbol)) for share, symbol in rows]


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def perf_works():
    if shutil.which("perf") is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run(["perf", "record", "-q", "-o", f"{folder}/data", "true"],
                              capture_output=True, check=False).returncode == 0


def profile(kiln, job, repeat, with_perf):
    with tempfile.TemporaryDirectory() as folder:
        data = os.path.join(folder, "data")
        if with_perf:
            run("perf", "record", "-q", "-F", "997", "-o", data, kiln, "bench", "--job", job,
                "--repeat", str(repeat))
            return read_perf(run("perf", "report", "--stdio", "--no-children", "-F",
                                 "overhead,sym", "-i", data))
        run("valgrind", "-q", "--tool=callgrind", "--toggle-collect=kiln_bench_job",
            f"--callgrind-out-file={data}", kiln, "bench", "--job", job)
        return read_callgrind(run("callgrind_annotate", "--auto=no", data))


def summary(what, rows):
    lines = [f"## {what}", "", "| share | function |", "|---:|---|"]
    shares = {}
    for share, function in rows:
        shares[function] = shares.get(function, 0) + share
    for function, share in sorted(shares.items(), key=lambda row: -row[1])[:TOP]:
        if share >= SHARE_MIN:
            lines.append(f"| {share:.1f} % | `{function}` |")
    return "\n".join(lines) + "\n"


def self_test():
    assert short("kiln::othello::N_AVX2::(anonymous namespace)::search_node(Run&, int) "
                 "[clone .lto_priv.0]") == "kiln::othello::N_AVX2::search_node"
    assert short("int kiln::f(std::pair<int, void (*)(int)>)") == "kiln::f"
    assert short("kiln::absorb.constprop.0") == "kiln::absorb"
    perf = ("# Overhead  Symbol\n#\n    61.52%  [.] kiln::solve(kiln::Run&, int)\n"
            "     8.01%  [k] clear_page_erms\n\n\n# (Tip: ...)\n")
    assert read_perf(perf) == [(61.52, "kiln::solve"), (8.01, "clear_page_erms")], read_perf(perf)
    callgrind = ("Ir\n----\n1,000 (100.0%)  PROGRAM TOTALS\n\nIr          file:function\n"
                 "  900 (90.00%)  ???:kiln::perft(kiln::Board, int) [/usr/bin/kiln]\n"
                 "  100 (10.00%)  ./string/memcpy.S:memcpy [/lib/libc.so.6]\n")
    assert read_callgrind(callgrind) == [(90.0, "kiln::perft"), (10.0, "memcpy")], \
        read_callgrind(callgrind)
    text = summary("work", [(50.0, "f"), (20.0, "g"), (10.0, "f"), (0.5, "h")])
    assert "| 60.0 % | `f` |\n| 20.0 % | `g` |\n" in text and "`h`" not in text, text


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    if len(arguments) != 1:
        sys.exit(__doc__)
    with_perf = perf_works()
    if not with_perf and shutil.which("valgrind") is None:
        sys.exit("profile.py: neither perf nor valgrind works here; `make deps-dev` installs "
                 "valgrind")
    print("# Profile\n")
    print("`make profile`: shares of " +
          ("time (perf)." if with_perf else "instructions (callgrind)."))
    print(f"On a machine of kind {run(arguments[0], 'bench', '--kind').strip()}.")
    for what, job, repeat in WORK:
        print("\n" + summary(what, profile(arguments[0], job, repeat, with_perf)), end="",
              flush=True)
    return None


if __name__ == "__main__":
    main(sys.argv[1:])
