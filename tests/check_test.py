#!/usr/bin/python3
"""The sums of tests/check.py: what "N passed, N failed, N skipped" is worth."""

import subprocess
import sys
import tempfile
import unittest
from unittest import mock
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
import check  # noqa: E402
import clang_tidy  # noqa: E402

GTEST_GOOD = "[==========] 7 tests from 2 test suites ran. (3 ms total)\n[  PASSED  ] 7 tests.\n"
GTEST_BAD = ("[==========] 7 tests from 2 test suites ran. (3 ms total)\n[  PASSED  ] 4 tests.\n"
             "[  FAILED  ] 3 tests, listed below:\n[  FAILED  ] A.B\n[  FAILED  ] A.C\n[  FAILED  ] A.D\n\n 3 FAILED TESTS\n")
GTEST_SKIPS = ("[ RUN      ] A.B\n../tests/a_test.cc:9: Skipped\nno such kernel here\n\n[  SKIPPED ] A.B (0 ms)\n"
               "[==========] 3 tests from 1 test suite ran. (0 ms total)\n[  PASSED  ] 2 tests.\n"
               "[  SKIPPED ] 1 test, listed below:\n[  SKIPPED ] A.B\n")
UNITTEST_SKIPS = ("test_a (m.C.test_a) ... ok\ntest_b (m.C.test_b) ... skipped 'needs root'\n"
                  "test_c (m.C.test_c)\nWhat it is. ... skipped \"it's late\"\n\n"
                  "----\nRan 3 tests in 0.1s\n\nOK (skipped=2)\n")
UNITTEST_BAD = "Ran 5 tests in 0.1s\n\nFAILED (failures=1, errors=2, skipped=1)\ntest_b (m.C) ... skipped 'why'\n"


class Tally(unittest.TestCase):
    def tally(self, stdout, result="OK", stderr=""):
        one = check.tally({"name": "t", "result": result, "stdout": stdout, "stderr": stderr})
        return one.passed, one.failed, one.skipped, one

    def test_cases_are_counted(self):
        for stdout, result, expected in (
            (GTEST_GOOD, "OK", (7, 0, 0)),
            (GTEST_BAD, "FAIL", (4, 3, 0)),
            (GTEST_SKIPS, "OK", (2, 0, 1)),
            (UNITTEST_SKIPS, "OK", (1, 0, 2)),
            (UNITTEST_BAD, "FAIL", (1, 3, 1)),
            ("Ran 1 test in 0.1s\n\nFAILED (failures=2)\n", "FAIL", (0, 2, 0)),  # two subtests of one case
            ("anything", "OK", (1, 0, 0)),
            ("anything", "FAIL", (0, 1, 0)),
            ("", "TIMEOUT", (0, 1, 0)),
        ):
            with self.subTest(stdout=stdout, result=result):
                self.assertEqual(self.tally(stdout, result)[:3], expected)

    def test_the_cases_of_whole_programs_are_shown(self):
        shown = lambda name, **output: check.matrix({"name": name, **output})
        self.assertEqual(shown("rblitz:e2e / tcp", stderr=UNITTEST_SKIPS),
                         ["-- e2e / tcp", "ok      a", "skipped b", "skipped c"])
        self.assertEqual(shown("rblitz / dns", stdout=f"matrix: bind11  rcode 0\n{GTEST_GOOD}"), ["-- dns", "bind11  rcode 0"])
        self.assertEqual(shown("rblitz / dns", stdout=GTEST_GOOD), [])

    def test_a_crash_after_good_cases_is_a_failure(self):
        for result in ("FAIL", "TIMEOUT", "INTERRUPT", "ERROR"):
            self.assertEqual(self.tally(GTEST_GOOD, result)[:3], (7, 1, 0))
        self.assertEqual(self.tally("[ RUN      ] A.B\n", "FAIL")[:3], (0, 1, 0))

    def test_reasons_are_kept(self):
        self.assertEqual(self.tally(GTEST_SKIPS)[3].reasons, ["t: A.B: no such kernel here"])
        self.assertEqual(self.tally(UNITTEST_SKIPS)[3].reasons, ["t: test_b: needs root", "t: test_c: it's late"])
        self.assertEqual(self.tally("no TAP\n", "SKIP")[3].reasons, ["t: t: no TAP"])

    def test_a_skip_without_a_reason_is_a_failure(self):
        self.assertEqual(self.tally("", "SKIP")[:3], (0, 1, 0))
        self.assertEqual(self.tally(GTEST_SKIPS.replace("no such kernel here\n", ""))[:3], (2, 1, 0))

    def test_sanitizer_reports_on_stderr_do_not_hide_counts(self):
        self.assertEqual(self.tally("", "FAIL", stderr=UNITTEST_BAD)[:3], (1, 3, 1))


class LastLine(unittest.TestCase):
    def end(self, **total):
        code = ("import sys; sys.path.insert(0, 'tests'); sys.dont_write_bytecode = True; import check\n"
                f"check.STAGES = {{'release': (check.Tally, lambda: check.Tally(**{total!r}))}}\n"
                "sys.argv = ['check.py', 'release']; sys.exit(check.main())")
        done = subprocess.run([sys.executable, "-c", code], cwd=check.ROOT, capture_output=True, text=True)
        return done.stdout.splitlines()[-1], done.returncode

    def test_the_last_line_and_the_exit_code_agree(self):
        self.assertEqual(self.end(passed=3, skipped=1), ("3 passed, 0 failed, 1 skipped", 0))
        self.assertEqual(self.end(passed=3, failed=2), ("3 passed, 2 failed, 0 skipped", 1))

    def test_nothing_executed_is_a_failure(self):
        self.assertEqual(self.end(), ("0 passed, 1 failed, 0 skipped", 1))
        self.assertEqual(self.end(skipped=4), ("0 passed, 1 failed, 4 skipped", 1))

    def test_later_stages_are_compiled_ahead_and_each_fails_for_itself(self):
        order = []
        check.STAGES = {
            "a": (lambda: check.Tally(passed=1), lambda: order.append("a") or check.Tally(passed=2)),
            "b": (lambda: check.Tally(failed=1), lambda: order.append("b") or check.Tally(passed=4)),
            "c": (lambda: check.Tally(passed=8), None),
            "d": (lambda: check.Tally(passed=1), lambda: order.append("d") or check.Tally(passed=16))}
        total = [(name, one.passed, one.failed) for name, one in check.stages("abcd", build_only=False)]
        self.assertEqual(total, [("a", 2, 0), ("b", 0, 1), ("c", 8, 0), ("d", 16, 0)])
        self.assertEqual(order, ["a", "d"])
        self.assertEqual([one.passed for _, one in check.stages("acd", build_only=True)], [1, 8, 1])


class WhatClangTidyFoundGood(unittest.TestCase):
    """Is remembered until anything changes that it read."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name).resolve()
        self.write(".clang-tidy", "Checks: '-*'")
        self.write("a.h", "int a();\n")
        self.write("a.cc", '#include "a.h"\n#include <cstddef>\nint a() { return 1; }\n')
        patch = mock.patch.object(clang_tidy, "ROOT", self.root)
        patch.start()
        self.addCleanup(patch.stop)

    def write(self, name, text):
        (self.root / name).write_text(text)

    def key(self, options="", checks="some", version="14"):
        command = f"ccache c++ -I. -Wall -fno-plt {options} -MD -MQ a.o -MF a.o.d -o a.o -c a.cc"
        return clang_tidy.key({"command": command, "directory": str(self.root), "file": "a.cc"}, ["clang-tidy", checks], version)

    def test_the_same_has_the_same_key(self):
        self.assertRegex(self.key(), "^[0-9a-f]{64}$")
        self.assertEqual(self.key(), self.key())

    def test_whatever_is_read_changes_the_key(self):
        keys = {self.key(), self.key("-DA=1"), self.key(checks="others"), self.key(version="15")}
        for name, text in ((".clang-tidy", "Checks: '*'"), ("a.h", "int a();  // NOLINT\n"), ("a.cc", '#include "a.h"\n')):
            self.write(name, text)
            keys.add(self.key())
        self.assertEqual(len(keys), 7)
        self.assertNotIn(None, keys)

    def test_what_clang_cannot_read_is_not_remembered(self):
        (self.root / "a.h").unlink()
        self.assertIsNone(self.key())


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
