#!/usr/bin/python3
"""Proves from core's own archive that core allocates nothing and asks the system for nothing.

Every symbol the archive needs and does not define itself must be on the list below. Usage:
    core_imports.py NM ARCHIVE                  check ARCHIVE
    core_imports.py NM --self-test COMPILER...  compile code that breaks the rule and see it caught
"""

import os
import re
import subprocess
import sys
import tempfile

ALLOWED = {
    # blocks of bytes and C strings
    "memcpy", "memmove", "memset", "memcmp", "memchr", "bcmp", "strlen", "strnlen", "strcmp",
    "strncmp",
    # arithmetic that IEEE 754 rounds correctly, hence the same on every machine
    "sqrt", "sqrtf", "floor", "floorf", "ceil", "ceilf", "trunc", "truncf", "round", "roundf",
    "rint", "rintf", "nearbyint", "nearbyintf", "lround", "lroundf", "llround", "llroundf", "lrint",
    "lrintf", "llrint", "llrintf", "fmod", "fmodf", "ldexp", "ldexpf", "frexp", "frexpf", "fma",
    "fmaf",
    # lz4 for one block, in memory handed over
    "LZ4_compress_fast_extState", "LZ4_decompress_safe",
    # what the compiler adds
    "_GLOBAL_OFFSET_TABLE_", "__stack_chk_fail", "__cxa_pure_virtual",
}

ALLOWED_PATTERNS = [
    r"__aarch64_(cas|swp|ldadd|ldclr|ldeor|ldset)\d+_\w+",  # atomics, chosen by the processor
    r"__(u?div|u?mod|mul)(di|ti)\d",                        # wide integers, from libgcc
]

# exp, log, pow and their kind may round differently from one libm to the next. An object listed
# here may use them, because what it computes is shown to people and never trained on.
INEXACT = {"exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "pow", "tanh", "erf", "erfc"}
INEXACT_OBJECTS = set()


def symbols_of(nm, archive):
    """(object, symbol, kind) of every symbol in the archive."""
    listing = subprocess.run([nm, "-P", "-A", archive], capture_output=True, text=True, check=True)
    for line in listing.stdout.splitlines():
        match = re.match(r".*\[(.+)\]: (\S+) (\w)", line)
        if match:
            yield match.groups()


def is_allowed(obj, symbol):
    if symbol in ALLOWED or any(re.fullmatch(p, symbol) for p in ALLOWED_PATTERNS):
        return True
    return obj in INEXACT_OBJECTS and re.sub("f$", "", symbol) in INEXACT


def check(nm, archive):
    symbols = list(symbols_of(nm, archive))
    if not symbols:
        return [f"{archive}: no symbols: not an archive that {nm} can read"]
    defined = {symbol for _, symbol, kind in symbols if kind not in "Uwv"}
    imports = sorted({(obj, symbol) for obj, symbol, kind in symbols if kind in "Uwv"})
    return [f"{obj} imports {symbol}" for obj, symbol in imports
            if symbol not in defined and not is_allowed(obj, symbol)]


SOUND = """
#include <cstring>
int helper(const char* text) { return static_cast<int>(std::strlen(text)); }
"""

# code -> the import that gives it away, as the linker spells it
BROKEN = {
    "int* f() { return new int(1); }": "_Znwm",
    "void f(int* p) { delete p; }": "_ZdlPv",
    "struct S { virtual ~S(); int i; }; S::~S() {}": "_ZdlPv",
    "#include <cstdlib>\nvoid* f() { return std::malloc(1); }": "malloc",
    "#include <vector>\nvoid f(std::vector<int>& v) { v.push_back(1); }": "_Znwm",
    "#include <string>\nvoid f(std::string& s) { s += 'x'; }": "_Znwm",
    "void f() { throw 1; }": "__cxa_throw",
    "#include <pthread.h>\nvoid f(pthread_mutex_t* m) { pthread_mutex_lock(m); }": "pthread_mutex",
    "#include <mutex>\nstd::mutex m; void f() { m.lock(); }": "pthread_mutex_lock",
    "#include <unistd.h>\nlong f(void* p) { return read(0, p, 1); }": "read",
    "#include <cstdio>\nvoid f() { std::puts(\"x\"); }": "puts",
    "#include <time.h>\nvoid f(timespec* t) { clock_gettime(0, t); }": "clock_gettime",
    "#include <cmath>\ndouble f(double x) { return std::exp(x); }": "exp",
}


def self_test(nm, compiler):
    ar = os.environ.get("AR", "ar")
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        def archive_of(code):
            source, obj, archive = (os.path.join(folder, n) for n in ("x.cpp", "x.o", "x.a"))
            with open(source, "w", encoding="utf-8") as file:
                file.write(code + "\n")
            subprocess.run([*compiler, "-std=c++20", "-O1", "-c", source, "-o", obj], check=True)
            subprocess.run([ar, "rcs", archive, obj], check=True)
            return archive

        failures += [f"complained without a reason: {c}" for c in check(nm, archive_of(SOUND))]
        for code, expected in BROKEN.items():
            complaints = check(nm, archive_of(code))
            if not any("imports " + expected in c for c in complaints):
                failures.append(f"{code!r}: expected '{expected}', heard {complaints}")
    return failures


def main(arguments):
    if len(arguments) < 2:
        sys.exit(__doc__)
    if arguments[1] == "--self-test":
        complaints = self_test(arguments[0], arguments[2:])
    else:
        complaints = check(arguments[0], arguments[1])
    if complaints:
        print(*complaints, sep="\n")
        print("core may import only:", *sorted(ALLOWED), *ALLOWED_PATTERNS)
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
