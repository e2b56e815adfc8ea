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

    def version(self, code=0):
        # nothing of a repository around the temporary folder
        done = subprocess.run([f"{self.folder}/deploy/package/version.sh"], capture_output=True,
                              text=True, check=False,
                              env={**os.environ, "GIT_CEILING_DIRECTORIES": self.folder + "/.."})
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout.strip()

    def assert_sorted(self, *versions):
        for lower, higher in zip(versions, versions[1:]):
            self.assertEqual(subprocess.run(["dpkg", "--compare-versions", lower, "lt", higher],
                                            check=False).returncode, 0, f"{lower} < {higher}")

    def test_without_git_it_is_the_project_s(self):
        self.assertEqual(self.version(), "0.1.0")

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
