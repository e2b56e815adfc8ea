#!/usr/bin/python3
"""Checks what the source tree promises about itself and a compiler does not see.

Each line printed is one broken promise, as file:line: what. Usage:
    layers_hold.py ROOT         check the tree at ROOT
    layers_hold.py --self-test  break every rule in a scratch tree and see that it is reported
"""

import os
import re
import subprocess
import sys
import tempfile

COLUMNS_MAX = 100
LINES_MAX = 500
FILE_BYTES_MAX = 256 * 1024

# What a folder may include of ours. A folder that is not named may include everything.
LAYERS = {
    "core": {"core"},
    "platform": {"core", "platform"},
}

# What core may include of others: what computes and neither allocates, throws nor asks the system.
CORE_HEADERS = set("""
    algorithm array atomic bit cfloat charconv climits cmath compare concepts cstddef cstdint
    cstring initializer_list iterator limits new numbers numeric optional ranges span string_view
    tuple type_traits utility version
    hwy/highway.h hwy/foreach_target.h lz4.h arm_acle.h nmmintrin.h
""".split())

# Words core may not use, with the reason. Placement new is how core puts objects into memory it was
# handed, so that `new (address)` passes.
CORE_WORDS = [
    (r"\bnew\b(?!\s*\()|\bnew\s*\(\s*std::nothrow", "core owns no memory"),
    (r"(?<!=)(?<!= )\bdelete\b", "core owns no memory"),
    (r"\b(malloc|calloc|realloc|free|alloca|aligned_alloc)\s*\(", "core owns no memory"),
    (r"\bstd::(pmr::)?(vector|string|deque|list|map|set|unordered_\w+|multi\w+)\b",
     "it allocates"),
    (r"\bstd::(function|any|shared_ptr|unique_ptr|make_shared|make_unique)\b", "it allocates"),
    (r"\b(throw|try|catch)\b", "core has no exceptions: return a Result"),
    (r"\b(dynamic_cast|typeid)\b", "core has no run-time type information"),
    (r"\bvirtual\s+~|~\w+\s*\(\s*\)[^;{]*\boverride\b",
     "a virtual destructor imports operator delete: make it protected and not virtual"),
    (r"\bvolatile\b", "it does not order anything: use std::atomic"),
    (r"\b(sleep|usleep|nanosleep|sleep_for|sleep_until)\b", "core never waits"),
    (r"\bstd::(thread|jthread|mutex|condition_variable|chrono|filesystem)\b",
     "the system belongs to platform"),
]

SOURCE = (".cpp", ".hpp", ".h", ".py", ".sh", ".cmake", "CMakeLists.txt")
CODE = (".cpp", ".hpp", ".h")


def files_of(root):
    """Every file that git knows or would take; without git, every file but what builds leave."""
    listing = subprocess.run(
        ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True, check=False) if has_git(root) else None
    if listing is not None and listing.returncode == 0:
        names = listing.stdout.decode().split("\0")
        return [n for n in sorted(set(names)) if n and os.path.isfile(os.path.join(root, n))]
    found = []
    for folder, folders, names in os.walk(root):
        if folder == root:
            folders[:] = [f for f in folders if f not in ("build", "state", ".git", ".cache")]
        folders[:] = sorted(f for f in folders if f != "__pycache__")
        found += [os.path.relpath(os.path.join(folder, n), root) for n in sorted(names)]
    return found


def has_git(root):
    git = any(os.access(os.path.join(p, "git"), os.X_OK) for p in os.get_exec_path())
    return git and os.path.exists(os.path.join(root, ".git"))


def without_comments_and_strings(text):
    """The code alone, every line still at its place."""
    token = re.compile(
        r'//[^\n]*|/\*.*?\*/|R"([^()\\ ]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'',
        re.DOTALL)
    return token.sub(lambda m: " " + "\n" * m.group().count("\n"), text)


def includes_of(text):
    for number, line in enumerate(text.split("\n"), 1):
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if match:
            yield number, match.group(1) == '"', match.group(2)


def check_includes(name, text):
    layer = name.split("/")[0]
    for number, is_ours, header in includes_of(text):
        if is_ours:
            target = header.split("/")[0]
            if "/" not in header or target.startswith("."):
                yield f'{name}:{number}: "{header}": include from the root, so the layer is visible'
            elif layer in LAYERS and target not in LAYERS[layer]:
                yield f"{name}:{number}: {layer} may not include {target}: {header}"
        elif layer == "core" and header not in CORE_HEADERS:
            yield f"{name}:{number}: core may not include <{header}>"


def check_words(name, text):
    for number, line in enumerate(without_comments_and_strings(text).split("\n"), 1):
        if line.lstrip().startswith("#"):
            continue
        for pattern, reason in CORE_WORDS:
            match = re.search(pattern, line)
            if match:
                yield f"{name}:{number}: '{match.group().strip()}' in core: {reason}"


def check_file(root, name):
    path = os.path.join(root, name)
    if os.path.getsize(path) > FILE_BYTES_MAX:
        yield f"{name}: {os.path.getsize(path)} bytes, more than {FILE_BYTES_MAX}"
    if not name.endswith(SOURCE):
        return
    with open(path, encoding="utf-8") as file:
        text = file.read()
    layer = name.split("/")[0]
    lines = text.splitlines()
    if layer in ("core", "platform", "app") and len(lines) > LINES_MAX:
        yield f"{name}: {len(lines)} lines, more than {LINES_MAX}: it is two files"
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS_MAX:
            yield f"{name}:{number}: {len(line)} columns, more than {COLUMNS_MAX}"
    if name.endswith(CODE):
        yield from check_includes(name, text)
        if layer == "core":
            yield from check_words(name, text)


def check(root):
    return [complaint for name in files_of(root) for complaint in check_file(root, name)]


SOUND = """#include <span>
#include "core/base/check.hpp"
// new malloc throw std::vector: words of a comment
struct Sound {
    Sound(const Sound&) = delete;
    void place(void* at) { ::new (at) Sound(*this); }
    const char* text = "new delete throw";
};
"""

# file -> what it holds and what must be said about it
BROKEN = {
    "core/a.hpp": ('#include "platform/x.hpp"\n', "may not include platform"),
    "core/b.hpp": ('#include "app/x.hpp"\n', "may not include app"),
    "core/c.hpp": ("#include <vector>\n", "may not include <vector>"),
    "core/d.hpp": ('#include "sibling.hpp"\n', "include from the root"),
    "core/e.cpp": ("int* f() { return new int; }\n", "'new' in core"),
    "core/f.cpp": ("void f(int* p) { delete p; }\n", "'delete' in core"),
    "core/g.cpp": ("void* f() { return malloc(1); }\n", "'malloc(' in core"),
    "core/h.cpp": ("std::vector<int> v;\n", "'std::vector' in core"),
    "core/i.cpp": ("std::string s;\n", "'std::string' in core"),
    "core/j.cpp": ("std::function<void()> f;\n", "'std::function' in core"),
    "core/k.cpp": ("void f() { throw 1; }\n", "'throw' in core"),
    "core/l.cpp": ("struct S { virtual ~S(); };\n", "protected and not virtual"),
    "core/m.cpp": ("struct S : T { ~S() override; };\n", "protected and not virtual"),
    "core/n.cpp": ("volatile int i;\n", "'volatile' in core"),
    "core/o.cpp": ("int i;\n" * (LINES_MAX + 1), "it is two files"),
    "core/p.cpp": ("int* f() { return new (std::nothrow) int; }\n", "core owns no memory"),
    "platform/a.cpp": ('#include "app/x.hpp"\n', "may not include app"),
    "platform/b.cpp": ("int i;\n" * (LINES_MAX + 1), "it is two files"),
    "app/a.cpp": ("// " + "x" * COLUMNS_MAX + "\n", "columns, more than"),
    "app/b.cpp": ("int i;\n" * (LINES_MAX + 1), "it is two files"),
    "tests/unit/a.cpp": ("// " + "x" * COLUMNS_MAX + "\n", "columns, more than"),
    "docs/large.bin": ("x" * (FILE_BYTES_MAX + 1), "bytes, more than"),
}


def self_test():
    failures = []
    with tempfile.TemporaryDirectory() as root:
        def write(name, text):
            os.makedirs(os.path.dirname(os.path.join(root, name)), exist_ok=True)
            with open(os.path.join(root, name), "w", encoding="utf-8") as file:
                file.write(text)

        write("core/sound.hpp", SOUND)
        write("app/sound.cpp", '#include "platform/x.hpp"\nauto p = new int;\n')
        write("build/dev/core/x.cpp", "auto p = new int;\n")
        failures += [f"complained without a reason: {complaint}" for complaint in check(root)]
        for name, (text, _) in BROKEN.items():
            write(name, text)
        complaints = check(root)
        for name, (_, expected) in BROKEN.items():
            if not any(c.startswith(name + ":") and expected in c for c in complaints):
                failures.append(f"{name}: expected to hear '{expected}'")
    return failures


def main(arguments):
    if len(arguments) != 1:
        sys.exit(__doc__)
    complaints = self_test() if arguments[0] == "--self-test" else check(arguments[0])
    print(*complaints, sep="\n")
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
