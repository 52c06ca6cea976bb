#!/usr/bin/python3
"""The configurations of docs/examples, and every dig line that they show."""

import re
import shutil
import subprocess
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

    def check_dig_lines(self, name, space):
        answers = []
        for line in self.dig_lines(name):
            done = subprocess.run(["ip", "netns", "exec", space, *line.split()], capture_output=True, text=True, timeout=30)
            self.assertIn("status: NOERROR", done.stdout, line)
            answers.append(done.stdout)
        self.assertRegex(answers[0], r"(?s)A\t127\.0\.0\.2\n.*A\t127\.0\.0\.3\n")
        self.assertIn('"See https://bl.example.com/why?ip=192.0.2.10"', answers[1])
        self.assertIn("A\t127.0.0.9\n", answers[2])

    def test_examples_pass_the_check_without_a_rejected_line(self):
        for name in ("kernel.toml", "rblitz.toml"):
            done = subprocess.run([harness.programs.rblitzd, "--check", "--config", EXAMPLES / name], capture_output=True,
                                  text=True, timeout=30)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            rejected = re.findall(r"^\S+ +loaded +\d+ +\d+ +(\d+) ", done.stdout, re.M)
            self.assertEqual(rejected, ["0", "0", "0"])

    @unittest.skipIf(missing_for_namespaces(), missing_for_namespaces())
    def test_dig_lines_of_the_kernel_example_are_answered(self):
        with namespace() as space, example("kernel.toml", space):
            self.check_dig_lines("kernel.toml", space)

    @unittest.skipIf(missing_for_namespaces(), missing_for_namespaces())
    def test_dig_lines_of_the_dpdk_example_are_answered(self):
        with namespace() as space, example("rblitz.toml", space):
            for words in ("address add 10.53.0.1/24 dev rblitz0", "link set rblitz0 up"):
                subprocess.run(["ip", "-n", space, *words.split()], check=True)
            self.check_dig_lines("rblitz.toml", space)


if __name__ == "__main__":
    main()
