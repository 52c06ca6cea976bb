#!/usr/bin/python3
"""What `make bench` makes of its runs: rounds are put together, marks are judged, and two reports are compared."""

import json
import os
import random
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "bench"))
from suite import kernel, measure, servers, tables  # noqa: E402
from suite.measure import Context, Part, Result  # noqa: E402


class Parts(unittest.TestCase):
    def test_a_figure_is_the_median_of_its_runs(self):
        part = Part("rate", "million/s", [5, 1, 3], 3)
        self.assertEqual((part.figure, part.holds, part.as_json()["spread"]), (3, True, [1, 5]))
        self.assertFalse(Part("rate", "million/s", [5, 1, 2.9], 3).holds)
        self.assertTrue(Part("time", "ns", [5, 1, 2.9], 3, at_most=True).holds)
        self.assertTrue(Part("beside", "ns", [5]).holds)

    def test_what_must_never_happen_is_not_hidden_by_a_median(self):
        part = Part("wrong", "answers", [0, 7, 0], 0, at_most=True)
        self.assertEqual((part.figure, part.holds), (7, False))

    def test_a_result_shows_the_part_that_does_not_hold(self):
        result = Result("title", "how", [Part("a", "ns", [1], 2, True), Part("b", "ns", [3], 2, True)], bound="memory").as_json()
        self.assertEqual((result["holds"], result["figure"], result["bound"]), (False, 3, "memory"))
        self.assertNotIn("bound", Result("title", "how", [Part("a", "ns", [1], 2, True)], bound="memory").as_json())


class Rounds(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.context = Context(False, Path(folder.name))

    def test_figures_of_a_script_are_put_together(self):
        first = {"ratios": [1, 2], "loads": [{"connections": 16, "ours": [10], "bound": "then"}, {"connections": 64, "ours": [20], "bound": "then"}]}
        second = {"ratios": [3, 4], "loads": [{"connections": 16, "ours": [11], "bound": "now"}, {"connections": 64, "ours": [21], "bound": "now"}]}
        given, commands = iter((first, second)), []

        def run(command, *_):
            commands.append(command)
            Path(command[-1]).write_text(json.dumps(next(given)))
            return f"output {len(commands)}"
        with mock.patch.object(measure, "run", run):
            self.assertEqual(measure.script(self.context, "port_to_port", "--feeds", 4, later=["--unchecked"])[:2], (first, "output 1"))
            self.context.round = 1
            figures, text, how = measure.script(self.context, "port_to_port", "--feeds", 4, later=["--unchecked"])
            self.assertEqual(measure.script(self.context, "port_to_port", "--feeds", 4, once=True), (figures, text, how), "nothing is run")
        self.assertEqual(figures, {"ratios": [1, 2, 3, 4], "loads": [{"connections": 16, "ours": [10, 11], "bound": "now"},
                                                                     {"connections": 64, "ours": [20, 21], "bound": "now"}]})
        self.assertEqual((text, how), ("output 1", "bench/port_to_port --feeds 4"), "the first run is the one that is checked")
        self.assertEqual(["--unchecked" in command for command in commands], [False, True])

    def test_the_best_rate_is_found_though_one_second_was_bad(self):
        capacity, bad, asked = 480_000, [200_000], []

        def answers_to(client, server, file, rate, port):
            asked.append(rate)
            fast = rate if rate <= capacity else capacity * capacity // rate  # what comes too fast costs time too
            return 1000 if rate in bad else fast
        most = lambda: kernel._most(self.context, "knotd", "client", "server", "questions", 53)
        with mock.patch.object(kernel, "_answers_to", answers_to):
            self.assertEqual((most(), asked), (480_000 ** 2 // 500_000, [100_000, 200_000, 400_000, 800_000, 1_600_000, 300_000, 600_000, 500_000]), "it may do more than 400,000")
            bad[:], asked[:], capacity, self.context.round = [], [], 200_000, 1
            self.assertEqual((most(), asked), (200_000 ** 2 // 500_000, [500_000, 750_000]))
            asked[:], self.context.round = [], 2
            self.assertEqual((most(), asked), (200_000 ** 2 // 375_000, [500_000, 375_000]), "it goes where the best was")

    def test_runs_of_a_benchmark_are_put_together_unless_one_failed(self):
        rows = iter(([{"run_name": "BM_A/1/manual_time/threads:1", "run_type": "iteration", "p50": 2},
                      {"run_name": "BM_A/1/manual_time/threads:1", "run_type": "aggregate", "aggregate_name": "cv", "p50": 0.1}],
                     [{"run_name": "BM_A/1/manual_time/threads:1", "run_type": "iteration", "p50": 3}],
                     [{"name": "BM_A/1", "run_name": "BM_A/1", "run_type": "iteration", "error_occurred": True, "error_message": "wrong answers"}]))

        def run(command, **_):
            out = next(word.partition("=")[2] for word in command if word.startswith("--benchmark_out="))
            Path(out).write_text(json.dumps({"benchmarks": next(rows)}))
        with mock.patch.object(measure, "run", run):
            measure.google(self.context, "tables_bench", "BM_A")
            found, _ = measure.google(self.context, "tables_bench", "BM_A")
            self.assertEqual({name: measure.column(runs, "p50") for name, runs in found.items()}, {"BM_A/1/threads:1": [2, 3]})
            with self.assertRaisesRegex(RuntimeError, "wrong answers"):
                measure.google(self.context, "tables_bench", "BM_A")


class Kernel(unittest.TestCase):
    def test_what_is_sent_after_the_last_question_does_not_count(self):
        # Each 0.1 s 1,000 come for a second and 500 are answered; what has queued up is answered in another second. Now and then somebody asks for an address.
        samples = [(at / 10, 1000 * min(max(at - 3, 0), 10) + at % 2, 500 * min(max(at - 3, 0), 20)) for at in range(40)]
        self.assertAlmostEqual(kernel.sent_while_asked(samples), 5000)
        with self.assertRaisesRegex(RuntimeError, "packets came in 3 intervals only"):
            kernel.sent_while_asked([(0, 0, 0), (1, 5, 5), (2, 10, 10), (3, 15, 15)])


    def test_a_quantile_that_lost_questions_reach_is_the_timeout(self):
        counts = {"wrong": 0, "sent": 9000, "unsent": 0, "lost": 18, "answers_per_second": 7, "latency_us": {"p50": 1, "p99": 2, "p99_9": 3}}
        with mock.patch.object(kernel, "run", lambda command: json.dumps(counts)):
            self.assertEqual(kernel._blast([]), ([1, 2, 500_000], 7, {"lost": 2, "not sent": 0}))
            counts["lost"] = 8
            self.assertEqual(kernel._blast([])[0], [1, 2, 3])
            counts.update(sent=9910, unsent=90, lost=9)  # neither by itself 10 of 1,000 that were due
            self.assertEqual(kernel._blast([])[0::2], ([1, 2, 500_000], {"lost": 0.9, "not sent": 9}))
            counts["lost"] = 10
            self.assertEqual(kernel._blast([])[0], [1, 500_000, 500_000])
            counts.update(wrong=1, mistakes=["a wrong one"])
            with self.assertRaisesRegex(RuntimeError, "a wrong one"):
                kernel._blast([])


class Servers(unittest.TestCase):
    def test_a_thread_that_chose_a_core_for_itself_is_put_back(self):
        cores = sorted(os.sched_getaffinity(0))
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(servers, "say"):
            code = f"import os, time; os.sched_setaffinity(0, {{{cores[-1]}}}); print('there', flush=True); time.sleep(60)"
            with servers.Process("stray", [sys.executable, "-c", code], Path(folder), cores[:1]) as stray:
                measure.wait(lambda: (Path(folder) / "stray.log").read_text(), "a process that chooses its core")
                self.assertEqual(os.sched_getaffinity(stray.process.pid), {cores[-1]})
                stray.keep_cores()
                self.assertEqual(os.sched_getaffinity(stray.process.pid), {cores[0]})


class Comparison(unittest.TestCase):
    def test_another_run_is_where_it_is_expected_nineteen_times_of_twenty(self):
        self.enterContext(mock.patch.object(measure, "DRIFT", 1))  # one hour, one host
        random.seed(20261201)
        for draw in (lambda: random.gauss(100, 10), lambda: random.expovariate(1), lambda: random.lognormvariate(0, 0.5)):
            runs = lambda: Part("rate", "ratio", [draw() for _ in range(3)])
            inside = 0
            for _ in range(4000):
                low, high = measure.expected(runs().as_json())
                inside += low <= runs().figure <= high
            self.assertGreater(inside / 4000, 0.94)
            self.assertLess(inside / 4000, 0.965)  # no wider than that takes

    def test_what_is_expected_is_as_wide_as_the_runs_were(self):
        expected = lambda *runs, **words: measure.expected(Part("rate", "ratio", list(runs), **words).as_json())
        self.assertEqual(expected(1, 2, 4), [1 / 8, 32])
        self.assertEqual(expected(100, 101, 102), [100 / 1.15, 102 * 1.15])
        self.assertEqual(expected(100, 100, 100), [100 / 1.03, 103])
        self.assertEqual(expected(0, 0, 0), [0, 0])
        self.assertIsNone(expected(1, 2))
        self.assertIsNone(expected(1, 2, 4, together=True))

    def test_says_how_well_figures_are_repeated(self):
        report = lambda **runs: {"P1": {"parts": [Part(name, "ratio", values).as_json() for name, values in runs.items()]}}
        said = tables.repeated(report(same=[1, 2, 3], edge=[1, 2, 3], apart=[1, 2, 3], few=[1, 2], gone=[1]),
                               report(same=[1, 2, 3], edge=[7, 15.5, 16], apart=[7, 15.7, 16], few=[1, 2], new=[1]))
        for name, agreement in (("same", "as expected"), ("edge", "as expected"), ("apart", r"\*\*elsewhere\*\*"), ("few", "")):
            self.assertRegex(said, rf"\| P1: {name} \|.*\| {agreement} \|")
        self.assertIn("3 figures: 2 as expected, 1 elsewhere; of 1 nothing was expected; 1 are not in the earlier report", said)
        self.assertNotRegex(said, "P1: (gone|new)")

    def test_figures_of_one_name_differ_in_their_units(self):
        names = {"P4": {"parts": [Part("10 million names", "ns", [40, 41, 42]).as_json(), Part("10 million names", "bytes", [11, 11, 11]).as_json()]}}
        self.assertIn("2 figures: 2 as expected", tables.repeated(names, names))


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
