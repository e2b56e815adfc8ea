"""What there is to see of packages without installing them."""

import os

from boot_test import insist, say
from system_folder import command, done

HERE = os.path.dirname(os.path.abspath(__file__))
DEPLOY = os.path.join(HERE, "..", "..", "deploy")
RUN_ARM64 = os.path.join(HERE, "..", "..", "toolchains", "run-arm64.sh")


def check_contents(debs):
    """Both architectures have the same files, and only theirs."""
    lists = {}
    for architecture, deb in debs.items():
        insist(done("dpkg-deb", "-f", deb, "Architecture").strip() == architecture, deb)
        lines = [line.split(None, 5) for line in done("dpkg-deb", "-c", deb).splitlines()]
        insist(all(line[1] == "root/root" for line in lines), "a file that is not root's")
        lists[architecture] = [(line[0], line[5]) for line in lines]
    insist(len({str(files) for files in lists.values()}) == 1, "files differ by architecture")
    names = [name for _, name in lists["amd64"]]
    for name in ("usr/bin/kiln", "lib/systemd/system/kiln.service", "etc/kiln/kiln.toml",
                 "usr/share/man/man1/kiln.1.gz", "usr/share/man/man5/kiln.toml.5.gz",
                 "usr/share/doc/kiln/copyright", "usr/share/doc/kiln/libraries/versions",
                 "usr/share/doc/kiln/README.md", "usr/share/doc/kiln/deploy/README.md"):
        insist("./" + name in names, f"the package lacks {name}")
    say(f"{' and '.join(debs)} have the same {len(names)} files and folders")


def check_arm64(deb, folder):
    done("dpkg-deb", "-x", deb, folder)
    run = (RUN_ARM64, "cortex-a72", os.path.join(folder, "usr/bin/kiln"))
    printed = done(*run, "--version").strip()
    insist(printed.startswith("kiln "), printed)
    done(*run, "train", "--games", "32", "--workers", "1", "--state", os.path.join(folder, "state"),
         "--trials-every", "0", "--quiet")
    verified = done(*run, "checkpoint", "verify", os.path.join(folder, "state"))
    say(f"arm64, emulated as Cortex-A72: {printed}; trained 32 games; "
        f"{verified.strip().splitlines()[-1]}")


def check_design(archive, folder):
    """The archive for one design: its program runs on that."""
    os.makedirs(folder)
    done("tar", "-C", folder, "--strip-components=1", "-xzf", archive)
    printed = done(RUN_ARM64, "neoverse-n1", f"{folder}/bin/kiln", "--version").strip()
    insist(printed.startswith("kiln "), printed)
    say(f"{os.path.basename(archive)}, emulated as Neoverse N1: {printed}")


def check_lintian(debs):
    result = command("lintian", "--fail-on", "error,warning", "--tag-display-limit", "0",
                     *debs.values())
    insist(result.returncode == 0, f"lintian: {result.stdout}{result.stderr}")
    say("lintian: no errors, no warnings")


def check_reproducible(packages, kilns, version, folder):
    done(f"{DEPLOY}/package/make.sh", folder, *kilns, env={**os.environ, "VERSION": version})
    names = sorted(os.listdir(folder))
    insist(names == sorted(os.listdir(packages)), f"made {names}")
    for name in names:
        done("cmp", f"{packages}/{name}", f"{folder}/{name}")
    say(f"packed again: the same bytes in {len(names)} files")
