#!/usr/bin/python3
"""Programs of benchmarks with little data: each must run, and tell no error (a wrong answer of a responder is one). How fast is not looked at.

Usage: benchmarks_run_test.py FOLDER [PROGRAM...]: without names those of which `make bench` uses little or nothing.
"""

import json
import subprocess
import sys
import unittest
from pathlib import Path

FOLDER = Path(sys.argv[1])
# What each of them is asked for: little data.
LITTLE_USED = {"codec_bench": ".", "frame_bench": ".", "heat_bench": "Lookup|Hilbert.*/12|Traffic", "ip6_bench": "/1000$", "loaders_bench": "Lines|ip4set/|dnset",
               "responder_grey_bench": "/20000/", "responder_names_bench": "/100000/"}
HOT_PATH = {"responder_bench": "/(1000|100000)/1/50/"}
FILTERS = {program: (LITTLE_USED | HOT_PATH)[program] for program in sys.argv[2:] or LITTLE_USED}


class Benchmarks(unittest.TestCase):
    def test_each_runs(self):
        for program, pattern in FILTERS.items():
            with self.subTest(program):
                done = subprocess.run([FOLDER / program, f"--benchmark_filter={pattern}", "--benchmark_min_time=0.001", "--benchmark_format=json"],
                                      capture_output=True, text=True, timeout=200)
                self.assertEqual(done.returncode, 0, done.stderr)
                rows = json.loads(done.stdout)["benchmarks"]
                self.assertTrue(rows, "nothing is called so")
                self.assertEqual([row["name"] for row in rows if row.get("error_occurred")], [])


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv[:1])
