"""A system in a folder, to install on: what it has, and what a service leaves on it."""

import os
import shutil
import subprocess

from boot_test import insist, set_games

CONFIGURATION = "/etc/kiln/kiln.toml"
SHIPPED_LATER = "# A line that the next version ships.\n"
STATE = ("/var/lib/private/kiln", "/var/lib/kiln", "/var/log/private/kiln", "/var/log/kiln")


def command(*words, **more):
    return subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False,
                          **more)


def done(*words, **more):
    result = command(*words, **more)
    insist(result.returncode == 0, f"{' '.join(map(str, words))}: {result.stdout}{result.stderr}")
    return result.stdout


class Folder:
    """A system in a folder: programs run in it, but nothing has booted it."""

    def __init__(self, root):
        self.root = root

    def run(self, *words, check=True):
        result = command("chroot", self.root, *words)
        if check:
            insist(result.returncode == 0, f"{' '.join(words)}: {result.stdout}{result.stderr}")
        return result


def path(system, name):
    return system.root + name


def exists(system, name):
    return os.path.lexists(path(system, name))


def read(system, name):
    with open(path(system, name), encoding="utf-8") as file:
        return file.read()


def write(system, name, text):
    os.makedirs(os.path.dirname(path(system, name)), exist_ok=True)
    with open(path(system, name), "w", encoding="utf-8") as file:
        file.write(text)


def edit(system):
    set_games(system.root, 4_000_000)


def make_state(system):
    """What a service that has run leaves behind, as systemd lays it out for a dynamic user."""
    for kind in ("lib", "log"):
        write(system, f"/var/{kind}/private/kiln/left", "behind")
        if not exists(system, f"/var/{kind}/kiln"):
            os.symlink("private/kiln", path(system, f"/var/{kind}/kiln"))


def has_state(system):
    return [exists(system, name) for name in STATE]


def is_enabled(system):
    return system.run("systemctl", "is-enabled", "kiln", check=False).stdout.strip()


def fresh(base, root):
    if os.path.exists(root):
        shutil.rmtree(root)
    done("cp", "-a", "--reflink=auto", base, root)
    write(Folder(root), "/etc/machine-id", "uninitialized\n")
