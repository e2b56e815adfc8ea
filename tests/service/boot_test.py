#!/usr/bin/python3
"""Boots a Debian 12 with the service on it in systemd-nspawn, and does to it what happens there.

    boot_test.py KILN DIRECTORY

KILN is the program to install; DIRECTORY keeps the bare system, which takes minutes to fetch, and
the one that is booted. Root only, with debootstrap and systemd-nspawn (`boot` in
toolchains/packages.txt). The mirror is the one that this machine's apt uses. Prints what it sees,
with times, and ends with 1 at the first thing that is not as it should be.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
DEPLOY = os.path.join(HERE, "..", "..", "deploy")
PACKAGES = "systemd,systemd-sysv,dbus,libmimalloc2.0,libstdc++6"
START_S_MAX = 5
STOP_S_MAX = 5
DIFFERENCE_PERCENT_MAX = 1
EXPOSURE_MAX = 0.5
STATE = "/var/lib/kiln"


def say(text):
    print(f"{time.monotonic() - START:7.1f} s  {text}", flush=True)


def insist(condition, text):
    if not condition:
        raise SystemExit(f"FAILED: {text}")


def wait_for(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.1)
    return insist(False, f"{what}: not within {seconds} s")


def mirror():
    targets = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages",
         "Codename: bookworm", "Component: main"], capture_output=True, text=True, check=True)
    return targets.stdout.split()[0]


def bare_system(directory):
    """A Debian 12 with systemd and nothing else, fetched once."""
    base = os.path.join(directory, "base")
    if not os.path.exists(base):
        say("fetching a bare Debian 12")
        part = base + ".part"  # what was interrupted is not taken for the whole
        if os.path.exists(part):
            shutil.rmtree(part)
        subprocess.run(["debootstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm",
                        part, mirror()], check=True, stdout=subprocess.DEVNULL)
        os.rename(part, base)
    return base


def set_games(root, games=5_000_000):
    """What the owner of a machine does before the first start."""
    path = f"{root}/etc/kiln/kiln.toml"
    with open(path, encoding="utf-8") as file:
        text, edits = re.subn(r"(?m)^#?games = .*$", f"games = {games}", file.read())
    insist(edits == 1, "no games in the configuration")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def install(base, root, kiln):
    if os.path.exists(root):
        shutil.rmtree(root)
    subprocess.run(["cp", "-a", "--reflink=auto", base, root], check=True)
    subprocess.run(["install", "-D", "-s", kiln, f"{root}/usr/bin/kiln"], check=True)
    for source, target in (("systemd/kiln.service", "lib/systemd/system/kiln.service"),
                           ("kiln.toml", "etc/kiln/kiln.toml")):
        subprocess.run(["install", "-D", "-m", "644", f"{DEPLOY}/{source}", f"{root}/{target}"],
                       check=True)
    set_games(root)
    with open(f"{root}/etc/machine-id", "w", encoding="ascii") as file:
        file.write("uninitialized\n")
    subprocess.run(["systemctl", f"--root={root}", "enable", "kiln"], check=True,
                   capture_output=True)


class Machine:
    """The booted system."""

    def __init__(self, root):
        self.root = root
        self.leader = 0
        with open(root + ".log", "wb") as log:
            self.nspawn = subprocess.Popen(
                ["systemd-nspawn", "-D", root, "--register=no", "--keep-unit", "--boot",
                 "--console=pipe"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def find_leader(self):
        path = f"/proc/{self.nspawn.pid}/task/{self.nspawn.pid}/children"
        with open(path, encoding="ascii") as file:
            for pid in file.read().split():
                with open(f"/proc/{pid}/comm", encoding="ascii") as name:
                    if name.read().strip() == "systemd":
                        self.leader = int(pid)
        return self.leader

    def run(self, *command, check=True):
        done = subprocess.run(["nsenter", "-t", str(self.leader), "-a", *map(str, command)],
                              capture_output=True, text=True, check=False)
        if check:
            insist(done.returncode == 0, f"{' '.join(map(str, command))}: {done.stderr.strip()}")
        return done

    def show(self, name):
        return self.run("systemctl", "show", "--value", "-p", name, "kiln").stdout.strip()

    def journal(self, *arguments):
        lines = self.run("journalctl", "-u", "kiln", "-o", "json", "--no-pager", *arguments).stdout
        return [json.loads(line) for line in lines.splitlines()]

    def messages(self, *arguments):
        return [str(entry.get("MESSAGE")) for entry in self.journal(*arguments)]

    def has_resumed(self):
        """Whether the service that runs now went on from a checkpoint."""
        return any(text.startswith("resuming from")
                   for text in self.messages(f"_PID={self.show('MainPID')}"))

    def status(self):
        return json.loads(self.run("kiln", "status", "--state", STATE, "--json").stdout)

    def told_not_to_start(self):
        """It was to start and did not, because nobody has said what to train."""
        insist(self.show("ActiveState") == "inactive", "it starts before it is configured")
        insist(self.show("Result") == "exec-condition", f"not started: {self.show('Result')}")
        status = self.run("systemctl", "status", "--no-pager", "kiln", check=False).stdout
        insist("not started: games is not set" in status, f"the status does not say why: {status}")

    def boot(self):
        wait_for(self.find_leader, 60, "systemd in the container")
        wait_for(lambda: self.run("systemctl", "is-system-running", check=False).stdout.strip()
                 in ("running", "degraded"), 120, "the end of booting")

    def power_off(self):
        if self.leader:
            self.run("systemctl", "poweroff", check=False)
        try:
            self.nspawn.wait(60)
        except subprocess.TimeoutExpired:
            self.nspawn.send_signal(signal.SIGTERM)
            self.nspawn.wait(60)


def is_ready(machine):
    wait_for(lambda: machine.show("ActiveState") == "active", 60, "READY=1")
    text = wait_for(lambda: re.search(r"games/s", machine.show("StatusText")) and
                    machine.show("StatusText"), 60, "STATUS with a speed")
    say(f"active; status: {text}")


def stop(machine, limit_s=STOP_S_MAX):
    before = time.monotonic()
    machine.run("systemctl", "stop", "kiln")
    took = time.monotonic() - before
    insist(machine.show("Result") == "success", f"the stop ended with {machine.show('Result')}")
    say(f"stop with checkpoint: {took:.2f} s (at most {limit_s})")
    insist(took <= limit_s, "the stop took too long")


def start(machine):
    before = time.monotonic()
    machine.run("systemctl", "start", "kiln")
    took = time.monotonic() - before
    say(f"start to first game: {took:.2f} s (at most {START_S_MAX})")
    insist(took <= START_S_MAX, "the start took too long")


def check_sandbox(machine):
    text = machine.run("cat", f"/proc/{machine.show('MainPID')}/status").stdout
    uid = int(re.search(r"^Uid:\s+(\d+)", text, re.MULTILINE).group(1))
    insist(uid >= 61184, f"the service runs as user {uid}, which is not a dynamic one")
    insist("\nNoNewPrivs:\t1" in text and "\nSeccomp:\t2" in text, "no sandbox")
    say(f"runs as dynamic user {uid}, with system calls filtered; "
        f"logs in /var/log/kiln: {machine.run('ls', '/var/log/kiln/').stdout.split()}")
    report = json.loads(machine.run("kiln", "memory", "--state", STATE, "--json").stdout)
    insist(abs(report["difference_percent"]) <= DIFFERENCE_PERCENT_MAX, "memory without an account")
    say(f"resident {report['kernel']['resident_bytes']:,} bytes of a budget of "
        f"{report['budget_bytes']:,}; {report['difference_percent']:+.2f} % beside its own account")
    live = machine.run("systemd-analyze", "security", "--no-pager", "kiln", check=False).stdout
    exposure = re.search(r"Overall exposure level for kiln.service: ([0-9.]+)", live)
    insist(exposure and float(exposure.group(1)) <= EXPOSURE_MAX, f"sandbox: {live[-500:]}")
    say(exposure.group(0))


def check_journal(machine):
    told = [entry for entry in machine.journal() if "KILN_EVENT" in entry]
    insist(told, "no entry of the journal has fields")
    entry = told[0]
    say("an entry of the journal: " + json.dumps({name: entry[name] for name in sorted(entry)
                                                  if name.startswith("KILN_") or
                                                  name in ("MESSAGE", "PRIORITY")}))
    insist(not any("games 1 to 100:" in text for text in machine.messages()), "windows are told")


def check_watchdog(machine):
    machine.run("kiln", "save", "--state", STATE)
    saved = machine.status()["newest_checkpoint"]["games"]
    pid = machine.show("MainPID")
    say(f"saved game {saved:,}; SIGSTOP to the main process")
    before = time.monotonic()
    machine.run("bash", "-c", f"kill -STOP {pid}")
    wait_for(lambda: machine.show("NRestarts") == "1", 90, "the watchdog")
    say(f"killed and started again after {time.monotonic() - before:.0f} s: "
        + next(text for text in reversed(machine.messages()) if "watchdog" in text.lower()))
    is_ready(machine)
    games = machine.status()["games"]
    insist(games >= saved, f"it went on from game {games}, before {saved}")
    insist(machine.has_resumed(), "no resume")
    say(f"went on, now at game {games:,}")


def reload(machine, line):
    path = f"{machine.root}/etc/kiln/kiln.toml"
    with open(path, "a", encoding="utf-8") as file:
        file.write(line + "\n")
    machine.run("systemctl", "reload", "kiln")
    wait_for(lambda: machine.show("ActiveState") == "active", 60, "the end of reloading")
    return next(text for text in reversed(machine.messages()) if "kiln.toml" in text)


def check_reload(machine):
    text = reload(machine, "keep = 6")
    say("reload: " + text)
    insist("keep 5 -> 6" in text, "the change is not told")
    text = reload(machine, "kep = 7")
    say("reload: " + text)
    insist("did you mean 'keep'" in text, "the mistake is not told")
    insist(machine.status()["state"] in ("training", "changing", "starting"), "it does not train")


def check_wrong_configuration(machine):
    restarts = machine.show("NRestarts")
    machine.run("systemctl", "start", "kiln", check=False)
    wait_for(lambda: machine.show("ActiveState") == "failed", 30, "the refusal")
    time.sleep(12)  # more than RestartSec
    insist(machine.show("ExecMainStatus") == "78", "not refused for its configuration")
    insist(machine.show("ActiveState") == "failed" and machine.show("NRestarts") in (restarts, "0"),
           "a wrong configuration is tried again and again")
    say("a wrong configuration is refused once: " + machine.messages()[-1])
    os.rename(f"{machine.root}/etc/kiln/kiln.toml", f"{machine.root}/etc/kiln/kiln.toml.away")
    machine.run("systemctl", "start", "kiln")
    insist(machine.show("ConditionResult") == "no", "started without configuration")
    shutil.copy(f"{DEPLOY}/kiln.toml", f"{machine.root}/etc/kiln/kiln.toml")
    machine.run("systemctl", "start", "kiln")
    machine.told_not_to_start()
    say("without a configuration it is not started, nor with the shipped one: "
        + next(text for text in reversed(machine.messages()) if text.startswith("not started")))
    set_games(machine.root)


def check_drop_in_and_lockdown(machine):
    with open(f"{machine.root}/etc/kiln/kiln.toml", "a", encoding="utf-8") as file:
        file.write('lockdown = true\nmetrics-textfile = "/run/kiln/kiln.prom"\n')
    folder = f"{machine.root}/etc/systemd/system/kiln.service.d"
    os.makedirs(folder)
    with open(f"{folder}/processors.conf", "w", encoding="ascii") as file:
        file.write("[Service]\nCPUAffinity=0\n")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", "kiln")  # no limit in time: that is for a whole machine
    insist(len(machine.status()["workers"]) == 1, "not one worker for one processor")
    is_ready(machine)
    say("with CPUAffinity=0 it has one worker, and trains locked down")
    text = wait_for(lambda: machine.run("setpriv", "--reuid=65534", "--clear-groups", "cat",
                                        "/run/kiln/kiln.prom", check=False).stdout, 60,
                    "a metrics file that everybody may read")
    insist("\nkiln_run_games " in text, f"no figures in the metrics file: {text[:500]}")
    say(f"/run/kiln/kiln.prom: {len(text.splitlines())} lines that everybody may read")


def check_backup(machine):
    """What its unit asks rsync for: the bare system has none, so there a script is it."""
    shutil.copy(f"{DEPLOY}/backup/kiln-backup.service", f"{machine.root}/etc/systemd/system")
    with open(f"{machine.root}/etc/kiln/backup.env", "w", encoding="ascii") as file:
        file.write("TARGET=backup@host.example:kiln/\nSSH_KEY=/root/key\n")
    rsync = f"{machine.root}/usr/bin/rsync"
    with open(rsync, "w", encoding="ascii") as file:
        file.write("#!/bin/sh\nprintf '<%s>\\n' \"$@\"\n")
    os.chmod(rsync, 0o755)
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", "kiln-backup")
    said = machine.run("journalctl", "-u", "kiln-backup", "-o", "cat", "--no-pager").stdout
    words = re.findall(r"(?m)^<(.*)>$", said)
    insist(words[-3:] == ["--rsh=ssh -i /root/key -o BatchMode=yes", "/var/lib/kiln/",
                          "backup@host.example:kiln/"], f"the backup calls rsync with {words}")
    say(f"the backup calls rsync with {' '.join(words[-3:])}")


def test(machine):
    machine.boot()
    say("booted")
    is_ready(machine)
    check_sandbox(machine)
    check_backup(machine)
    check_watchdog(machine)
    check_journal(machine)
    check_reload(machine)
    stop(machine)
    newest = machine.run("kiln", "checkpoint", "verify", STATE).stdout.splitlines()[0]
    say("verified: " + newest)
    check_wrong_configuration(machine)
    start(machine)
    is_ready(machine)
    stop(machine)
    check_drop_in_and_lockdown(machine)
    stop(machine)


def main():
    if len(sys.argv) != 3 or os.geteuid() != 0:
        raise SystemExit(__doc__)
    kiln, directory = map(os.path.abspath, sys.argv[1:])
    os.makedirs(directory, exist_ok=True)
    root = os.path.join(directory, "machine")
    install(bare_system(directory), root, kiln)
    machine = Machine(root)
    try:
        test(machine)
    except SystemExit:
        if machine.leader:
            print(machine.run("journalctl", "-u", "kiln", "-n", "40", "--no-pager",
                              check=False).stdout)
        raise
    finally:
        machine.power_off()
    say("all as it should be")


START = time.monotonic()
if __name__ == "__main__":
    main()
