#!/usr/bin/python3
"""The configurations of docs/examples, and every dig line that they show."""

import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import harness
from harness import Server, main, missing_for_namespaces, namespace

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "docs/examples"


def example(name, space):
    """A server with a copy of the example, so that it does not meet one that somebody runs."""
    server = Server((EXAMPLES / name).read_text(), namespace=space)
    for file in EXAMPLES.iterdir():
        if file.suffix in (".ip4set", ".txt"):
            shutil.copy(file, server.folder)
    return server


class Examples(unittest.TestCase):
    def dig_lines(self, name):
        lines = re.findall(r"^# +(dig .*)$", (EXAMPLES / name).read_text(), re.M)
        self.assertGreaterEqual(len(lines), 3)
        return lines

    def answers(self, name, space):
        answers = []
        for line in self.dig_lines(name):
            done = subprocess.run(["ip", "netns", "exec", space, *line.split()], capture_output=True, text=True, timeout=30)
            self.assertIn("status: NOERROR", done.stdout, line)
            answers.append(done.stdout)
        return answers

    def check_dig_lines(self, name, space):
        answers = self.answers(name, space)
        self.assertRegex(answers[0], r"(?s)A\t127\.0\.0\.2\n.*A\t127\.0\.0\.3\n")
        self.assertIn('"See https://bl.example.com/why?ip=192.0.2.10"', answers[1])
        self.assertIn("A\t127.0.0.9\n", answers[2])

    def test_examples_pass_the_check_without_a_rejected_line(self):
        for name, feeds in (("kernel.toml", 3), ("rblitz.toml", 3), ("cymru.toml", 5)):
            done = subprocess.run([harness.programs.rblitzd, "--check", "--config", EXAMPLES / name], capture_output=True,
                                  text=True, timeout=30)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            rejected = re.findall(r"^\S+ +loaded +\d+ +\d+ +(\d+) ", done.stdout, re.M)
            self.assertEqual(rejected, feeds * ["0"])

    @unittest.skipIf(shutil.which("systemd-analyze") is None, "the program systemd-analyze is missing")
    def test_systemd_knows_all_that_units_say(self):
        with tempfile.TemporaryDirectory() as folder:
            units = []
            for unit in sorted(file for file in EXAMPLES.iterdir() if file.suffix in (".service", ".timer", ".socket")):
                # Programs and pages that are not installed are no fault of the unit.
                text = re.sub(r"/usr/local/s?bin/\S+", "/bin/true", unit.read_text())
                units.append(Path(folder) / unit.name)
                units[-1].write_text(re.sub(r"(?m)^Documentation=.*\n", "", text))
            done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, timeout=60)
            ours = [line for line in done.stderr.splitlines() if any(unit.name in line for unit in units)]
            self.assertEqual((len(units) >= 4, ours), (True, []), done.stderr)

    @unittest.skipIf(missing_for_namespaces(), missing_for_namespaces())
    def test_dig_lines_of_the_kernel_example_are_answered(self):
        with namespace() as space, example("kernel.toml", space):
            self.check_dig_lines("kernel.toml", space)

    @unittest.skipIf(missing_for_namespaces(), missing_for_namespaces())
    def test_zones_of_the_cymru_example_answer_as_team_cymrus_do(self):
        with namespace() as space, example("cymru.toml", space) as server:
            texts = ["198.51.100.0/24", "64497 64498 | 198.51.100.0/24 | ZZ | ripencc | 2010-05-06",
                     "64500 | 2001:db8::/32 | ZZ | apnic | 2004-07-01",
                     "64497 | ZZ | ripencc | 2010-05-06 | EXAMPLE-B Example Networks BV, ZZ", None, "bot: family: examplebot",
                     "1795003600 14"]
            answers = self.answers("cymru.toml", space)
            self.assertEqual(len(answers), len(texts))
            for answer, text in zip(answers, texts):
                if text is not None:
                    self.assertIn(f'TXT\t"{text}"\n', answer.replace("TXT ", "TXT\t"))
            self.assertRegex(answers[4], r"(?s)A\t127\.0\.0\.40\n.*A\t127\.0\.0\.3\n")
            looked_up = server.rblitz("lookup", "198.51.100.7", "--zone", "origin.asn.example.com")
            self.assertEqual(looked_up.stdout.splitlines(), [
                "origin.asn.example.com: 198.51.100.7 is listed", "  no A  TTL 2100  from feed origins",
                '  TXT "64497 64498 | 198.51.100.0/24 | ZZ | ripencc | 2010-05-06"',
                f"  {server.folder}/origins.txt:2"])
            record = server.json("lookup", "AS64497", "--zone", "asn.example.com")["zones"][0]["records"][0]
            self.assertIsNone(record["a"])
            self.assertEqual(record["txt"], texts[3])
            server.write("cap.txt", "minerbot|192.0.2.1|0|2026-11-21 00:00:00||N\n")
            reload = server.rblitz("reload", "cap")
            self.assertIn("cap: category 'minerbot' has no code: 1 rows get the feed's a\n", reload.stdout)
            server.wait_for_log("event=feed_note feed=cap")

    @unittest.skipIf(missing_for_namespaces(), missing_for_namespaces())
    def test_dig_lines_of_the_dpdk_example_are_answered(self):
        with namespace() as space, example("rblitz.toml", space):
            for words in ("address add 10.53.0.1/24 dev rblitz0", "link set rblitz0 up"):
                subprocess.run(["ip", "-n", space, *words.split()], check=True)
            self.check_dig_lines("rblitz.toml", space)


if __name__ == "__main__":
    main()
