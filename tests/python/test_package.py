"""The package as a package: what it imports, what its stubs say, what it is linked with."""

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import kiln
from conftest import ROOT
from kiln import _kiln

PACKAGE = Path(kiln.__file__).resolve().parent
MODULE = Path(_kiln.__file__)


def test_importing_kiln_imports_no_numpy():
    code = "import sys, kiln; sys.exit('numpy' in sys.modules or 'matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_module_needs_no_library_that_a_system_may_lack():
    out = subprocess.run(["readelf", "-dW", MODULE], capture_output=True, text=True, check=True)
    needed = set(re.findall(r"NEEDED.*\[(.*)\]", out.stdout))
    usual = {"libstdc++.so.6", "libm.so.6", "libgcc_s.so.1", "libc.so.6"}
    assert {name for name in needed if not name.startswith("ld-linux")} <= usual


def test_the_module_shows_nothing_but_itself():
    out = subprocess.run(["nm", "-DC", "--defined-only", MODULE], capture_output=True, text=True,
                         check=True)
    names = [line.split(maxsplit=2)[2] for line in out.stdout.splitlines()]
    assert "PyInit__kiln" in names
    assert not [name for name in names if re.match(r"kiln::|LZ4|mi_|malloc|operator ", name)]


def test_versions_agree():
    assert f'version = "{kiln.__version__}"' in (ROOT / "pyproject.toml").read_text()
    assert f"VERSION {kiln.__version__} " in (ROOT / "CMakeLists.txt").read_text()


def names_of(nodes):
    """Functions, classes and variables that a stub's body declares."""
    for node in nodes:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name, node
        elif isinstance(node, ast.AnnAssign):
            yield node.target.id, node


def test_the_stub_declares_what_there_is():
    stub = dict(names_of(ast.parse((PACKAGE / "_kiln.pyi").read_text()).body))
    there = {name for name in vars(_kiln) if not name.startswith("_")} | {"__version__"}
    assert set(stub) == there
    for name, node in stub.items():
        if isinstance(node, ast.ClassDef):
            declared = {method for method, _ in names_of(node.body)}
            real = {m for m in vars(getattr(_kiln, name)) if not m.startswith("_")}
            assert declared - {"__init__"} == real


@pytest.mark.parametrize("name", [n for n in kiln.__all__ if n[0].isupper() and n not in
                                  ("NEUTRAL_WEIGHT", "STAGES", "START")])
def test_everything_is_documented(name):
    thing = getattr(kiln, name)
    assert inspect.getdoc(thing)
    for method, function in inspect.getmembers(thing, inspect.isfunction):
        if not method.startswith("_"):
            assert inspect.getdoc(function), method


def test_types_are_what_the_stubs_say():
    sources = [PACKAGE, *sorted((ROOT / "app" / "python" / "examples").glob("*.py"))]
    for source in sources:  # one by one: the examples are no package
        done = subprocess.run(
            [sys.executable, "-m", "mypy", "--strict", "--config-file", ROOT / "pyproject.toml",
             "--cache-dir", "/dev/null", source],
            capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
