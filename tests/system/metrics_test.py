#!/usr/bin/python3
"""A run's figures for Prometheus: over HTTP, in a file, and in the dashboard and the alerts."""

import http.client
import json
import os
import re
import socket
import stat
import time
import unittest

from support import KilnTest

DEPLOY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "deploy")
# Full-size state, short games, trials and saves: everything there is to tell within seconds.
RUN = ["--games", "60000", "--epoch-games", "64", "--exact-empties", "4", "--memory", "400MB",
       "--table-mib", "2", "--workers", "2", "--trials-every", "4096", "--checkpoint-every",
       "4096"]
NULL = ["--workload", "null", "--games", "1000000000", "--epoch-games", "32"]

SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ([^ ]+)\Z')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|\Z)')


def parse_metrics(text):
    """The samples of an exposition as {name: {labels: value}}; strict where Prometheus is not."""
    families, samples, order = {}, {}, []
    assert text.endswith("\n"), "the last line has no end"
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            name, help_text = line[7:].split(" ", 1)
            assert name not in families and help_text, line
            families[name] = None
            order.append(name)
        elif line.startswith("# TYPE "):
            name, kind = line[7:].split(" ")
            assert name == order[-1] and families[name] is None, line
            assert kind in ("gauge", "counter"), line
            assert (kind == "counter") == name.endswith("_total"), line
            families[name] = kind
        else:
            match = SAMPLE.match(line)
            assert match, line
            name, labels, value = match.groups()
            assert name == order[-1] and families[name], f"outside its family: {line}"
            pairs = LABEL.findall(labels or "")
            assert LABEL.sub("", labels or "") == "", line
            key = tuple(sorted(pairs))
            assert len({label for label, _ in pairs}) == len(pairs), line
            assert key not in samples.setdefault(name, {}), f"twice: {line}"
            samples[name][key] = float(value)
            assert families[name] != "counter" or float(value) >= 0, line
    assert set(families) == set(samples), "a family without samples"
    return samples


def names_in(expression):
    return set(re.findall(r"\bkiln_[a-z0-9_]+", expression))


def expressions_of(dashboard):
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield target["expr"]
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["definition"]


class Metrics(KilnTest):
    def begin(self, *arguments, **options):
        process = self.start("train", *arguments, "--state", self.path("run"), **options)
        self.wait_until(lambda: self.status().get("state") == "training")
        return process

    def status(self):
        if not os.path.exists(self.path("run", "control.sock")):
            return {}
        return json.loads(self.kiln("status", "--json", "--state", self.path("run")).out)

    def wait_until(self, condition):
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            if result := condition():
                return result
            time.sleep(0.05)
        return self.fail("it did not come to that")

    def port(self):
        """The one that the system chose, as the log tells it."""
        def find():
            for name in os.listdir(self.path("run", "logs")):
                with open(self.path("run", "logs", name), encoding="utf-8") as file:
                    if found := re.search(r"http://127\.0\.0\.1:(\d+)/metrics", file.read()):
                        return int(found[1])
            return None
        return self.wait_until(find)

    def scrape(self, port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("GET", "/metrics")
        response = connection.getresponse()
        self.assertEqual(response.status, 200)
        self.assertEqual(response.headers["Content-Type"],
                         "text/plain; version=0.0.4; charset=utf-8")
        samples = parse_metrics(response.read().decode("utf-8"))
        connection.close()
        return samples

    def stop(self, process):
        self.kiln("stop", "--state", self.path("run"))
        return self.finish(process)

    def test_a_run_exports_every_figure_that_dashboard_and_alerts_name(self):
        process = self.begin(*RUN, "--metrics", "0")
        port = self.port()
        wanted = {"kiln_strength_chained_elo", "kiln_checkpoint_save_duration_seconds",
                  "kiln_touched_weights_ratio", "kiln_memory_region_used_bytes",
                  "kiln_run_remaining_seconds", "kiln_worker_heartbeat_age_seconds"}
        seen = {}

        def collect():  # idle workers have no heartbeat: all together were seen, not all at once
            seen.update(self.scrape(port))
            # Games are counted a moment after what happened at one of them was told.
            return wanted <= set(seen) and seen["kiln_games_absorbed_total"][()] >= 10000
        self.wait_until(collect)
        named = {"up"}
        with open(os.path.join(DEPLOY, "grafana", "kiln.json"), encoding="utf-8") as file:
            dashboard = json.load(file)
        for expression in expressions_of(dashboard):
            self.assertTrue(names_in(expression), expression)
            named |= names_in(expression)
        with open(os.path.join(DEPLOY, "prometheus", "kiln.rules.yml"), encoding="utf-8") as file:
            named |= names_in(file.read())
        self.assertEqual(named - {"up"} - set(seen), set())
        with open(os.path.join(DEPLOY, "metrics.md"), encoding="utf-8") as file:
            documented = names_in(file.read())
        self.assertEqual(set(seen) - documented, set())
        # Control groups of version 2 are not everywhere.
        self.assertLessEqual(documented - set(seen), {"kiln_control_group_memory_bytes"})
        self.check_figures(seen)
        self.stop(process)

    def test_without_a_trainer_there_are_no_faults_since_its_seal(self):
        process = self.begin(*NULL, "--metrics", "0")
        port = self.port()
        name = "kiln_trainer_faults_since_seal"
        self.assertIn(name, self.scrape(port))
        self.kiln("pause", "--state", self.path("run"))

        def of_the_paused_run():  # what was told to the one before is told for a while
            samples = self.scrape(port)
            return samples if samples["kiln_run_state"][(("state", "paused"),)] == 1 else None
        samples = self.wait_until(of_the_paused_run)
        self.assertNotIn(name, samples)
        self.assertIn("kiln_memory_planned_bytes", samples)
        self.assertNotIn("since the seal", self.kiln("memory", "--state", self.path("run")).out)
        self.stop(process)

    def check_figures(self, samples):
        def value(name, **labels):
            return samples[name][tuple(sorted(labels.items()))]
        self.assertEqual(value("kiln_run_target_games"), 60000)
        self.assertEqual(sum(samples["kiln_run_state"].values()), 1)
        self.assertLess(abs(value("kiln_start_time_seconds") - time.time()), 300)
        self.assertGreaterEqual(value("kiln_games_absorbed_total"), 10000)
        self.assertEqual(sum(samples["kiln_workers"].values()), 2)
        self.assertEqual(value("kiln_memory_budget_bytes"), 400e6)
        resident = sum(samples["kiln_process_resident_memory_bytes"].values())
        accounted = sum(samples["kiln_memory_region_resident_bytes"].values())
        self.assertEqual(accounted, value("kiln_memory_accounted_bytes"))
        if not os.environ.get("KILN_SANITIZE"):
            self.assertLess(abs(resident - accounted) / resident, 0.01)
            self.assertLess(value("kiln_process_resident_memory_bytes", process="supervisor"),
                            32e6)

    def test_what_is_not_known_is_absent(self):
        process = self.begin(*NULL, "--metrics", "0")
        samples = self.scrape(self.port())
        for name in ("kiln_stone_difference_discs", "kiln_strength_score_ratio",
                     "kiln_results_total", "kiln_checkpoint_timestamp_seconds"):
            self.assertNotIn(name, samples)
        self.assertEqual(list(samples["kiln_run_info"]),
                         [(("directory", self.path("run")), ("workload", "null"))])
        self.stop(process)

    def test_counters_never_go_back_and_a_restart_shows(self):
        process = self.begin(*NULL, "--metrics", "0")
        port = self.port()
        before = self.wait_until(lambda: (s := self.scrape(port))["kiln_games_absorbed_total"]
                                 [()] > 1000 and s)
        os.kill(self.status()["trainer_pid"], 9)
        after = self.wait_until(lambda: (s := self.scrape(port))["kiln_trainer_restarts_total"]
                                [()] == 1 and s)
        self.assertEqual(after["kiln_incidents_total"][(("kind", "killed"),)], 1)
        self.assertGreaterEqual(after["kiln_log_entries_total"][(("level", "warning"),)], 1)
        for name in before:
            if name.startswith(("kiln_games", "kiln_incidents", "kiln_log")):
                for labels, value in before[name].items():
                    self.assertGreaterEqual(after[name][labels], value, name)
        # It saved nothing yet, so the run stands at its beginning again.
        self.assertLess(after["kiln_run_games"][()], after["kiln_games_absorbed_total"][()])
        self.stop(process)

    def test_clients_that_are_slow_or_hostile_hold_up_neither_training_nor_others(self):
        process = self.begin(*NULL, "--metrics", "0")
        port = self.port()
        clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
        for number, client in enumerate(clients):
            client.send((b"", b"GET /metr", b"\x00\xff\r\n\r\n",
                         b"GET " + b"x" * 60000)[number % 4])
        before = self.status()["games"]
        samples = self.wait_until(lambda: self.served(port))
        self.assertEqual(samples["kiln_trainer_restarts_total"][()], 0)
        self.wait_until(lambda: self.status()["games"] > before)
        for client in clients:
            client.close()
        self.stop(process)

    def served(self, port):
        try:
            return self.scrape(port)
        except (AssertionError, OSError, http.client.HTTPException):
            return None  # eight clients are being served

    def test_one_connection_takes_many_requests_and_other_paths_say_what_there_is(self):
        process = self.begin(*NULL, "--metrics", "0")
        connection = http.client.HTTPConnection("127.0.0.1", self.port(), timeout=20)
        for method, path, status in (("GET", "/", 200), ("GET", "/metrics?x=1", 200),
                                     ("HEAD", "/metrics", 200), ("GET", "/other", 404),
                                     ("POST", "/metrics", 405)):
            connection.request(method, path)
            response = connection.getresponse()
            body = response.read()
            self.assertEqual(response.status, status, (method, path))
            self.assertEqual(body == b"", method == "HEAD")
            self.assertFalse(response.will_close)
        connection.close()
        self.stop(process)

    def test_the_file_is_whole_readable_by_everybody_and_kept_up_to_the_end(self):
        path = self.path("kiln.prom")
        process = self.begin(*NULL, "--metrics-textfile", path, umask=0o077)
        self.wait_until(lambda: os.path.exists(path))
        with open(path, encoding="utf-8") as file:
            parse_metrics(file.read())
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o644)
        self.stop(process)
        with open(path, encoding="utf-8") as file:
            samples = parse_metrics(file.read())
        self.assertEqual(samples["kiln_run_state"][(("state", "ended"),)], 1)
        self.assertEqual([name for name in os.listdir(self.folder) if "prom" in name],
                         ["kiln.prom"])

    def test_what_cannot_be_had_is_told_and_training_goes_on(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            done = self.kiln("train", "--workload", "null", "--games", "64", "--metrics", port,
                             "--metrics-textfile", self.path("none", "kiln.prom"),
                             "--state", self.path("run"))
        self.assertRegex(done.out + done.err, r"--metrics: no listening at 127\.0\.0\.1:\d+: Addr")
        self.assertIn("none/kiln.prom cannot be written: No such file", done.out + done.err)

    def test_an_address_that_others_reach_is_warned_about(self):
        done = self.kiln("train", "--workload", "null", "--games", "64", "--metrics", "0.0.0.0:0",
                         "--state", self.path("run"))
        self.assertRegex(done.out + done.err, r"--metrics 0\.0\.0\.0:0: other machines can read")

    def test_values_that_are_none_are_refused_in_a_line(self):
        for value in ("host:9464", "127.0.0.1", "65536", "::1:80"):
            line = self.refused(2, "train", *NULL, "--metrics", value, "--state", self.path("run"))
            self.assertIn(f"--metrics: '{value}' is not allowed; it takes PORT, ADDRESS:PORT", line)
        line = self.refused(2, "train", *NULL, "--metrics-textfile", "kiln.txt", "--state",
                            self.path("run"))
        self.assertIn("a path that ends in .prom, or none", line)


if __name__ == "__main__":
    unittest.main()
