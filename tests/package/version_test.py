#!/usr/bin/python3
"""deploy/package/version.sh: versions of packages sort as the commits that they are made of."""

import os
import shutil
import subprocess
import tempfile
import unittest

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "deploy", "package",
                      "version.sh")


class Version(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="kiln-test-")
        self.addCleanup(shutil.rmtree, self.folder)
        os.makedirs(f"{self.folder}/deploy/package")
        shutil.copy(SCRIPT, f"{self.folder}/deploy/package/")
        self.project("0.1.0")

    def project(self, version):
        with open(f"{self.folder}/CMakeLists.txt", "w", encoding="ascii") as file:
            file.write(f"project(kiln VERSION {version} LANGUAGES CXX)\n")

    def git(self, *arguments):
        subprocess.run(["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *arguments],
                       cwd=self.folder, check=True, capture_output=True)

    def commit(self):
        self.git("add", "-A")
        self.git("commit", "--allow-empty", "-m", "Change")

    def run_script(self, code, **environment):
        done = subprocess.run([f"{self.folder}/deploy/package/version.sh"], capture_output=True,
                              text=True, check=False, env={**os.environ, **environment})
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def version(self, code=0):
        return self.run_script(code).stdout.strip()

    def assert_sorted(self, *versions):
        for lower, higher in zip(versions, versions[1:]):
            self.assertEqual(subprocess.run(["dpkg", "--compare-versions", lower, "lt", higher],
                                            check=False).returncode, 0, f"{lower} < {higher}")

    def test_without_git_it_is_the_project_s(self):
        self.assertEqual(self.version(), "0.1.0")

    def test_a_repository_around_a_source_without_git_is_not_its_own(self):
        self.git("init", "-q")
        self.commit()
        inner = f"{self.folder}/inner"
        shutil.copytree(f"{self.folder}/deploy", f"{inner}/deploy")
        shutil.copy(f"{self.folder}/CMakeLists.txt", inner)
        self.folder = inner
        self.assertEqual(self.version(), "0.1.0")

    def test_a_git_that_fails_is_an_error_and_not_a_release(self):
        self.git("init", "-q")
        self.commit()
        # as root meets a clone of somebody else's
        failed = self.run_script(1, GIT_TEST_ASSUME_DIFFERENT_OWNER="1")
        self.assertEqual(failed.stdout, "")
        self.assertIn("dubious ownership", failed.stderr)
        os.mkdir(f"{self.folder}/programs")
        for name in ("dirname", "sed"):
            os.symlink(shutil.which(name), f"{self.folder}/programs/{name}")
        failed = self.run_script(1, PATH=f"{self.folder}/programs")
        self.assertEqual(failed.stdout, "")
        self.assertIn("git", failed.stderr)

    def test_commits_before_and_after_a_tag_sort_around_it(self):
        self.git("init", "-q")
        self.commit()
        first = self.version()
        self.assertRegex(first, r"\A0\.1\.0~1\.g[0-9a-f]{7}\Z")
        for _ in range(9):
            self.commit()
        tenth = self.version()
        self.git("tag", "v0.1.0")
        tagged = self.version()
        self.assertEqual(tagged, "0.1.0")
        self.commit()
        after = self.version()
        self.assertRegex(after, r"\A0\.1\.0\+1\.g[0-9a-f]{7}\Z")
        self.project("0.2.0")
        self.assertTrue(self.version().endswith(".dirty"))
        self.commit()
        towards = self.version()
        self.git("tag", "v0.2.0")
        self.assert_sorted(first, tenth, tagged, after, towards, self.version())

    def test_changes_that_are_not_committed_are_told(self):
        self.git("init", "-q")
        self.commit()
        self.git("tag", "v0.1.0")
        with open(f"{self.folder}/CMakeLists.txt", "a", encoding="ascii") as file:
            file.write("# changed\n")
        self.assertRegex(self.version(), r"\A0\.1\.0\+0\.g[0-9a-f]{7}\.dirty\Z")

    def test_a_project_without_version_is_an_error(self):
        self.project("unknown")
        self.assertEqual(self.version(code=1), "")


if __name__ == "__main__":
    unittest.main()
