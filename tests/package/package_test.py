#!/usr/bin/python3
"""Installs, upgrades and removes the packages for real, on a bare Debian 12.

    package_test.py PACKAGES DIRECTORY [--no-boot] [KILN...]

PACKAGES is what `make package` made, of the KILNs named: they are packed again, to the same bytes.
DIRECTORY keeps the bare system (tests/service/boot_test.py fetches it), and a copy, which is first
a plain folder to change the root to, then a machine that boots. Root only. Prints what it sees and
ends with 1 at the first thing that is not as it should be.
"""

import glob
import gzip
import os
import re
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "service"))

# pylint: disable=wrong-import-position
from boot_test import Machine, bare_system, insist, is_ready, say  # noqa: E402
from package_files import (check_arm64, check_contents, check_design,  # noqa: E402
                           check_lintian, check_reproducible)
from system_folder import (CONFIGURATION, SHIPPED_LATER, STATE, Folder, done, edit,  # noqa: E402
                           exists, fresh, has_state, is_enabled, make_state, path, read, write)

# == The Debian package


def later(deb, folder):
    """The same package, of a higher version and with another configuration."""
    tree = os.path.join(folder, "tree")
    done("dpkg-deb", "-R", deb, tree)
    for name, change in (("DEBIAN/control", lambda text: re.sub(r"(?m)^(Version: .*)$",
                                                                r"\1+later", text)),
                         ("etc/kiln/kiln.toml", lambda text: SHIPPED_LATER + text)):
        with open(f"{tree}/{name}", encoding="utf-8") as file:
            text = file.read()
        with open(f"{tree}/{name}", "w", encoding="utf-8") as file:
            file.write(change(text))
    result = os.path.join(folder, "later.deb")
    done("dpkg-deb", "--root-owner-group", "-Znone", "-b", tree, result)
    shutil.rmtree(tree)
    return result


class Packages:
    """This and the next version of the package, where a system can see them."""

    def __init__(self, system, deb, next_deb):
        self.system = system
        for name, source in (("this", deb), ("next", next_deb)):
            shutil.copy(source, path(system, f"/root/{name}.deb"))

    def install(self, name):
        # as a machine does that asks nobody: an edited file stays
        return self.system.run("dpkg", "--force-confdef", "--force-confold", "-i",
                               f"/root/{name}.deb").stdout

    def status(self):
        found = self.system.run("dpkg-query", "-W", "-f", "${db:Status-Abbrev}${Version}", "kiln",
                                check=False)
        return found.stdout.split()


def check_installed(system, version):
    printed = system.run("kiln", "--version").stdout.strip()
    insist(printed == "kiln " + re.match("[0-9.]+", version).group(0), f"it prints {printed}")
    insist(is_enabled(system) == "enabled", "the service is not enabled")
    with gzip.open(path(system, "/usr/share/man/man1/kiln.1.gz"), "rt", encoding="utf-8") as page:
        insist(page.read().startswith(".TH KILN 1"), "no manual page")
    verified = system.run("systemd-analyze", "--man=no", "verify", "kiln.service", check=False)
    insist(verified.returncode == 0, f"systemd-analyze verify: {verified.stderr}")


def try_old_processor(system):
    """As on one without AVX2. Nothing is mounted on this system's /proc."""
    write(system, "/proc/cpuinfo", "flags : fpu sse2 avx bmi1 bmi2\n")
    result = system.run("dpkg", "-i", "/root/this.deb", check=False)
    insist(result.returncode != 0 and "lacks avx2" in result.stderr, f"it says {result.stderr}")
    insist(not exists(system, "/usr/bin/kiln"), "what cannot run is installed")
    write(system, "/proc/cpuinfo", "flags : fpu sse2 avx avx2 bmi1 bmi2\n")
    say("refused: " + next(line for line in result.stderr.splitlines() if "avx2" in line))


def try_deb(system, deb, next_deb):
    packages = Packages(system, deb, next_deb)
    version = done("dpkg-deb", "-f", deb, "Version").strip()
    try_old_processor(system)

    told = packages.install("this")
    insist(packages.status() == ["ii", version], "it is not installed")
    insist("systemctl start kiln" in told, "the owner is not told how to start")
    check_installed(system, version)
    insist(not any(has_state(system)), "a service that was never started has state")
    say(f"installed {version}: enabled, not started")

    packages.install("next")
    insist(packages.status() == ["ii", version + "+later"], "the upgrade is not installed")
    insist(read(system, CONFIGURATION).startswith(SHIPPED_LATER), "an old configuration stays")
    packages.install("this")
    edit(system)
    edited = read(system, CONFIGURATION)
    packages.install("next")
    insist(read(system, CONFIGURATION) == edited, "an upgrade changes an edited configuration")
    insist(read(system, CONFIGURATION + ".dpkg-dist").startswith(SHIPPED_LATER), "no new one")
    say("upgrade: an unedited configuration follows, an edited one stays")

    system.run("systemctl", "disable", "kiln")
    packages.install("next")
    insist(is_enabled(system) == "disabled", "an upgrade enables what the owner disabled")
    system.run("systemctl", "enable", "kiln")
    os.rename(path(system, CONFIGURATION), path(system, "/root/kiln.toml"))
    packages.install("next")
    insist(not exists(system, CONFIGURATION), "an upgrade brings back what the owner removed")
    os.rename(path(system, "/root/kiln.toml"), path(system, CONFIGURATION))
    say("upgrade: a disabled service stays disabled, a removed configuration removed")

    make_state(system)
    system.run("dpkg", "--remove", "kiln")
    insist(packages.status()[0] == "rc", "it is not removed")
    insist(not exists(system, "/usr/bin/kiln") and
           not exists(system, "/lib/systemd/system/kiln.service"), "remove leaves the program")
    insist(read(system, CONFIGURATION) == edited and all(has_state(system)), "remove takes more")
    packages.install("next")
    insist(read(system, CONFIGURATION) == edited, "the edited configuration did not come back")
    say("remove keeps configuration, checkpoints and logs; the next install finds them")

    told = system.run("dpkg", "--purge", "kiln").stdout
    insist(not exists(system, "/etc/kiln"), "purge leaves the configuration")
    insist(all(has_state(system)), "purge takes checkpoints that nobody asked it to take")
    insist("rm -rf /var/lib/private/kiln" in told, "purge does not tell what stays")
    insist(not exists(system, "/etc/systemd/system/multi-user.target.wants/kiln.service"),
           "purge leaves the service enabled")
    packages.install("this")
    system.run("env", "KILN_PURGE_STATE=yes", "dpkg", "--purge", "kiln")
    insist(not any(has_state(system)), "asked to purge state, it stays")
    leftovers = [name for folder in ("etc", "usr", "var/lib", "var/log") for name in
                 glob.glob(f"{system.root}/{folder}/**/*kiln*", recursive=True)]
    insist(not leftovers, f"purge leaves {leftovers}")
    say("purge takes the configuration, and with KILN_PURGE_STATE=yes checkpoints and logs")


# == The archive for other distributions


def unpack(system, archive):
    """This version at /root/this, the next at /root/next."""
    for name in ("this", "next"):
        folder = path(system, f"/root/{name}")
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        done("tar", "-C", folder, "--strip-components=1", "-xzf", archive)
    shipped = "/root/next/kiln.toml"
    write(system, shipped, SHIPPED_LATER + read(system, shipped))


def everything(system):
    return done("find", *(f"{system.root}/{folder}" for folder in ("etc", "usr", "opt", "var/lib")),
                "-type", "d", "-printf", "%p\n", "-o", "-printf", "%p %T@ %s\n")


def refused(system, text, *words):
    before = everything(system)
    result = system.run(*words, check=False)
    insist(result.returncode != 0 and text in result.stderr, f"{words}: {result.stderr}")
    insist(everything(system) == before, f"{words} changes something")
    say(f"refused: {result.stderr.strip().splitlines()[0]}")


def try_processors(system, archive):
    """An archive for one design of ARM64, on a system that says that it is another, and then it."""
    os.makedirs(path(system, "/root/design"))
    done("tar", "-C", path(system, "/root/design"), "--strip-components=1", "-xzf", archive)
    kept = {}
    for name, script in (("/usr/bin/uname", '[ "$1" = -s ] && echo Linux || echo aarch64'),
                         ("/root/design/bin/kiln", "")):
        kept[name] = path(system, name) + ".away"
        os.rename(path(system, name), kept[name])
        write(system, name, f"#!/bin/sh\n{script}\n")
        os.chmod(path(system, name), 0o755)
    features = read(system, "/proc/cpuinfo")
    write(system, "/proc/cpuinfo", "Features\t: fp asimd evtstrm crc32 cpuid\n")
    refused(system, "lacks atomics", "/root/design/install.sh")
    write(system, "/proc/cpuinfo", "Features\t: fp asimd crc32 atomics fphp asimddp\n")
    system.run("/root/design/install.sh", "--dry-run")
    write(system, "/proc/cpuinfo", features)
    for name, away in kept.items():
        os.rename(away, path(system, name))


def try_refusals(system, foreign):
    if foreign:
        os.makedirs(path(system, "/root/foreign"))
        done("tar", "-C", path(system, "/root/foreign"), "--strip-components=1", "-xzf", foreign)
        refused(system, "take the other archive", "/root/foreign/install.sh")
    refused(system, "does not begin with /", "/root/this/install.sh", "--prefix", "opt")
    refused(system, "characters", "/root/this/install.sh", "--prefix", "/opt/a b")
    refused(system, "unknown argument", "/root/this/install.sh", "--force")
    refused(system, "--purge needs", "/root/this/install.sh", "--purge")
    refused(system, "not installed", "/root/this/install.sh", "--uninstall")
    os.rename(path(system, "/usr/bin/systemctl"), path(system, "/root/systemctl"))
    refused(system, "no systemctl", "/root/this/install.sh")
    os.rename(path(system, "/root/systemctl"), path(system, "/usr/bin/systemctl"))
    marks = ("/lib/systemd/system/kiln.service", "/var/lib/dpkg/info/kiln.list")
    for name in marks:
        write(system, name, "")
    make_state(system)
    refused(system, "Debian package of Kiln is installed", "/root/this/install.sh")
    refused(system, "checkpoints and logs are its", "/root/this/install.sh", "--uninstall",
            "--purge")
    for name in STATE:
        done("rm", "-rf", path(system, name))
    for name in marks:
        os.remove(path(system, name))
    done("cp", "-a", path(system, "/root/this"), path(system, "/opt/this"))
    refused(system, "only root", "setpriv", "--reuid=65534", "--clear-groups",
            "/opt/this/install.sh")
    with open(path(system, "/opt/this/bin/kiln"), "r+b") as file:
        file.truncate(100)
    refused(system, "does not run", "/opt/this/install.sh")
    shutil.rmtree(path(system, "/opt/this"))
    done("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", path(system, "/usr/local"))
    try:
        os.makedirs(path(system, "/usr/local/bin"))
        refused(system, "cannot be written", "/root/this/install.sh")
    finally:
        done("umount", path(system, "/usr/local"))


def interrupt(system, script):
    """An installation that ends between its unit and enabling it."""
    systemctl = path(system, "/usr/bin/systemctl")
    os.rename(systemctl, systemctl + ".away")
    write(system, "/usr/bin/systemctl",
          '#!/bin/sh\n[ "$1" != enable ] || exit 1\nexec /usr/bin/systemctl.away "$@"\n')
    os.chmod(systemctl, 0o755)
    insist(system.run(script, check=False).returncode != 0, "it does not notice a failure")
    insist(exists(system, "/etc/systemd/system/kiln.service"), "it ends before its unit")
    os.rename(systemctl + ".away", systemctl)
    insist(is_enabled(system) != "enabled", "it was not interrupted")


def try_archive(system, archive, foreign, for_design):
    unpack(system, archive)
    if for_design:
        try_processors(system, for_design)
    try_refusals(system, foreign)
    before = everything(system)
    told = system.run("/root/this/install.sh", "--dry-run").stdout
    insist("would run: systemctl enable" in told and everything(system) == before, "not dry")

    interrupt(system, "/root/this/install.sh")
    told = system.run("/root/this/install.sh").stdout
    insist("kiln 0." in system.run("/usr/local/bin/kiln", "--version").stdout, "no program")
    unit = read(system, "/etc/systemd/system/kiln.service")
    insist("ExecStart=/usr/local/bin/kiln train" in unit and "/usr/bin/kiln" not in unit,
           "the unit starts another program")
    insist(is_enabled(system) == "enabled", "the service is not enabled")
    say("install.sh: installed and enabled")

    system.run("/root/next/install.sh")
    insist(read(system, CONFIGURATION).startswith(SHIPPED_LATER), "an old configuration stays")
    system.run("/root/this/install.sh")
    edit(system)
    edited = read(system, CONFIGURATION)
    told = system.run("/root/next/install.sh").stdout
    insist(read(system, CONFIGURATION) == edited, "an edited configuration is overwritten")
    insist(read(system, CONFIGURATION + ".new").startswith(SHIPPED_LATER) and
           "kiln.toml.new" in told, "no new one beside it")
    system.run("systemctl", "disable", "kiln")
    system.run("/root/next/install.sh")
    insist(is_enabled(system) == "disabled", "an upgrade enables what the owner disabled")
    say("install.sh again: an unedited configuration follows, an edited one stays")

    make_state(system)
    system.run("/usr/local/share/kiln/install.sh", "--uninstall", "--dry-run")
    insist(exists(system, "/usr/local/bin/kiln"), "not dry")
    system.run("/usr/local/share/kiln/install.sh", "--uninstall")
    insist(not glob.glob(f"{system.root}/usr/local/**/*kiln*", recursive=True), "leftovers")
    insist(not exists(system, "/etc/systemd/system/kiln.service"), "uninstall leaves the unit")
    insist(read(system, CONFIGURATION) == edited and all(has_state(system)), "it takes more")
    told = system.run("/root/this/install.sh", "--prefix", "/opt/kiln").stdout
    insist("ExecStart=/opt/kiln/bin/kiln" in read(system, "/etc/systemd/system/kiln.service"),
           "the unit does not follow the prefix")
    system.run("/root/next/install.sh")
    insist(not exists(system, "/usr/local/bin/kiln"), "an upgrade goes elsewhere")
    how = re.search("To remove it: (.*)", told).group(1).split()
    system.run(*how, "--purge")
    insist(not any(has_state(system)) and not exists(system, "/etc/kiln"), "purge leaves something")
    leftovers = [name for _, _, files in os.walk(path(system, "/opt")) for name in files]
    insist(not leftovers, f"uninstall leaves {leftovers}")
    make_state(system)
    system.run("/root/this/install.sh", "--uninstall", "--purge")
    insist(not any(has_state(system)), "what a removal left cannot be purged")
    say("install.sh --uninstall keeps configuration and state; --purge takes them")


def try_both(system):
    """The package over install.sh: told of, and install.sh's part can be removed from under it."""
    system.run("/root/this/install.sh")
    told = system.run("dpkg", "--force-confold", "-i", "/root/this.deb").stderr
    insist("/etc/systemd/system/kiln.service is used in place" in told, f"it says {told}")
    system.run("/usr/local/share/kiln/install.sh", "--uninstall")
    link = os.readlink(path(system, "/etc/systemd/system/multi-user.target.wants/kiln.service"))
    insist(is_enabled(system) == "enabled" and link == "/lib/systemd/system/kiln.service",
           f"the package's service is not what starts, but {link}")
    told = system.run("dpkg", "-i", "/root/next.deb").stderr
    insist("in place" not in told, "told of what is not there any more")
    system.run("env", "KILN_PURGE_STATE=yes", "dpkg", "--purge", "kiln")
    say("the package over install.sh: told of; install.sh --uninstall leaves the package's service")


# == On a booted machine


def go_on(machine, upgrade, what):
    """An upgrade while it trains: saved, started again, gone on."""
    is_ready(machine)
    machine.run("kiln", "save", "--state", "/var/lib/kiln")
    saved = machine.status()["newest_checkpoint"]["games"]
    pid = machine.show("MainPID")
    upgrade()
    insist(machine.show("MainPID") != pid, f"{what}: the old program still runs")
    is_ready(machine)
    games = machine.status()["games"]
    insist(games >= saved, f"{what}: went on from game {games}, before {saved}")
    insist(machine.has_resumed(), "no resume")
    say(f"{what} while it trains: game {saved:,} saved, now at {games:,}")


def settle(machine):
    """What was installed waits, also when told to start; with a target it does."""
    insist(machine.show("ActiveState") == "inactive", "started before it was configured")
    machine.run("systemctl", "start", "kiln")
    machine.told_not_to_start()
    edit(machine)
    machine.run("systemctl", "start", "kiln")


def restore(machine, backup):
    """Checkpoints from elsewhere, put where the guide says, on a machine that has no state."""
    edit(machine)
    for step in (("mkdir", "-p", "-m", "700", "/var/lib/private"),
                 ("mkdir", "-p", "-m", "750", "/var/lib/private/kiln"),
                 ("cp", backup, "/var/lib/private/kiln/"),
                 ("chown", "-R", "--reference=/var/lib/private/kiln", "/var/lib/private/kiln"),
                 ("systemctl", "start", "kiln")):
        machine.run(*step)
    is_ready(machine)
    games = int(re.search(r"game-(\d+)\.ckpt", backup).group(1))
    insist(games > 0 and machine.status()["games"] >= games, "it does not go on from the backup")
    say(f"a copied checkpoint of game {games:,} put back on an empty machine: it goes on")


def try_deb_booted(machine, packages):
    machine.told_not_to_start()
    say("booted: the package's service is enabled, and not started without a target")
    settle(machine)
    go_on(machine, lambda: packages.install("next"), "upgrade of the package")
    machine.run("dpkg", "--remove", "kiln")
    insist(machine.run("systemctl", "is-active", "kiln", check=False).stdout.strip() != "active",
           "remove leaves the service running")
    checkpoints = sorted(glob.glob(path(machine, "/var/lib/private/kiln/game-*.ckpt")))
    insist(checkpoints, "no checkpoint stays")
    backup = "/root/" + os.path.basename(checkpoints[-1])
    shutil.copy(checkpoints[-1], path(machine, backup))
    packages.install("this")
    insist(machine.show("ActiveState") == "inactive", "installed again, it starts by itself")
    machine.run("systemctl", "start", "kiln")
    is_ready(machine)
    machine.run("env", "KILN_PURGE_STATE=yes", "dpkg", "--purge", "kiln")
    insist(not any(has_state(machine)), "purge leaves state")
    say("remove stops it and keeps its checkpoints; purge stops it and, asked, takes them")
    packages.install("this")
    restore(machine, backup)
    machine.run("env", "KILN_PURGE_STATE=yes", "dpkg", "--purge", "kiln")


def try_archive_booted(machine, archive):
    unpack(machine, archive)
    machine.run("/root/this/install.sh")
    settle(machine)
    go_on(machine, lambda: machine.run("/root/next/install.sh"), "upgrade by install.sh")
    machine.run("/usr/local/share/kiln/install.sh", "--uninstall", "--purge")
    insist(not any(has_state(machine)), "purge leaves state")
    say("install.sh --uninstall --purge stops it and takes everything")


def boot_and_try(root, deb, next_deb, archive):
    Packages(Folder(root), deb, next_deb).install("this")  # its first start could be this boot
    machine = Machine(root)
    try:
        machine.boot()
        try_deb_booted(machine, Packages(machine, deb, next_deb))
        try_archive_booted(machine, archive)
    except SystemExit:
        if machine.leader:
            print(machine.run("journalctl", "-u", "kiln", "-n", "40", "--no-pager",
                              check=False).stdout)
        raise
    finally:
        machine.power_off()


def newest(packages, pattern):
    found = sorted(glob.glob(os.path.join(packages, pattern)), key=os.path.getmtime)
    return found[-1] if found else None


def main():
    arguments = [word for word in sys.argv[1:] if word != "--no-boot"]
    if len(arguments) < 2 or os.geteuid() != 0:
        raise SystemExit(__doc__)
    packages, directory, *kilns = map(os.path.abspath, arguments)
    os.makedirs(directory, exist_ok=True)
    debs = {architecture: deb for architecture in ("amd64", "arm64")
            if (deb := newest(packages, f"kiln_*_{architecture}.deb"))}
    insist("amd64" in debs, f"no package for amd64 in {packages}: make package")
    archive = newest(packages, "kiln-*-x86_64.tar.gz")
    for_design = newest(packages, "kiln-*-neoverse-n1.tar.gz")
    version = done("dpkg-deb", "-f", debs["amd64"], "Version").strip()
    root = os.path.join(directory, "package")

    with tempfile.TemporaryDirectory() as folder:
        next_deb = later(debs["amd64"], folder)
        check_contents(debs)
        check_lintian(debs)
        if kilns:
            check_reproducible(packages, kilns, version, f"{folder}/again")
        if "arm64" in debs:
            check_arm64(debs["arm64"], f"{folder}/arm64")
        if for_design:
            check_design(for_design, f"{folder}/design")

        base = bare_system(directory)
        fresh(base, root)
        try_deb(Folder(root), debs["amd64"], next_deb)
        try_archive(Folder(root), archive, newest(packages, "kiln-*-aarch64.tar.gz"), for_design)
        try_both(Folder(root))
        if "--no-boot" not in sys.argv:
            fresh(base, root)
            boot_and_try(root, debs["amd64"], next_deb, archive)
    say("all as it should be")


if __name__ == "__main__":
    main()
