#!/usr/bin/python3
"""Runs the command lines of the documentation, so that they are true.

In README.md, CONTRIBUTING.md and docs/**/*.md, a block that is fenced as

    ```sh run      is run. The blocks of a file are one bash session (set -e); a block that ends in & starts something that the
                   next ones need, which gets a moment to come up and is ended with the session.
    ```sh          may only hold `make TARGET` lines; the targets must exist.
    ```sh norun    is not run: what it needs (a network card, another machine) is not here.
    ```output      after a `sh run` block: these lines must have been printed by it, in this order.

The session runs in the repository, as root in a network namespace of its own.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 120
FENCE = re.compile(r"^```(\S+)[ \t]*(.*?)[ \t]*\n(.*?)^```[ \t]*$", re.M | re.S)


def documents(root):
    return [root / "README.md", root / "CONTRIBUTING.md", *sorted((root / "docs").rglob("*.md"))]


def blocks(text):
    """(language, mark, body, line) of every fenced block."""
    return [(m[1], m[2], m[3], text.count("\n", 0, m.start()) + 1) for m in FENCE.finditer(text)]


def make_targets():
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.M))


def unfit(text, targets):
    """What a document's blocks do that the rules above do not allow."""
    found = []
    for language, mark, body, line in blocks(text):
        if language != "sh" or mark in ("run", "norun"):
            continue
        for command in body.splitlines():
            words = command.partition("#")[0].split()
            if words and not (words[0] == "make" and all("=" in word or word in targets for word in words[1:])):
                found.append(f"line {line}: '{command}' is neither run nor marked")
    return found


def session(text):
    """The bash script of a document, and what each of its blocks must print."""
    script, expected = ["set -e"], []
    for language, mark, body, line in blocks(text):
        if (language, mark) == ("sh", "run"):
            script += [f"printf '\\n== {line}\\n'", body.rstrip("\n")]
            if body.rstrip().endswith("&"):
                script.append("sleep 2")
            expected.append((line, []))
        elif language == "output" and expected:
            expected[-1][1].extend(body.splitlines())
    return "\n".join(script) + "\n", expected


def run(script):
    """(exit code, output). Whatever the session started is ended with it."""
    command = ["bash", "-c", script]
    if os.geteuid() == 0:
        command = ["unshare", "--net", "bash", "-c", "ip link set lo up\n" + script]
    with tempfile.TemporaryFile("w+") as printed:
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=printed, stderr=subprocess.STDOUT,
                                   start_new_session=True)
        try:
            code = process.wait(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            code = None
        end(process)
        printed.seek(0)
        return code, printed.read()


def end(process):
    """Ends the session's process group: asks first, and waits until nobody is left in it."""
    for signal_number, patience in ((signal.SIGTERM, 10), (signal.SIGKILL, 5)):
        deadline = time.monotonic() + patience
        try:
            os.killpg(process.pid, signal_number)
            while time.monotonic() < deadline:
                process.poll()
                os.killpg(process.pid, 0)
                time.sleep(0.05)
        except ProcessLookupError:
            break
    process.wait()


def missing(output, expected):
    """The first expected line of each block that its output lacks."""
    found = []
    for line, wanted in expected:
        printed = iter(output.partition(f"\n== {line}\n")[2].partition("\n== ")[0].splitlines())
        for want in wanted:
            if not any(want.strip() == got.strip() for got in printed):
                found.append(f"block at line {line} does not print: {want}")
                break
    return found


class Documents(unittest.TestCase):
    def test_commands_do_what_the_text_says(self):
        sessions = 0
        for path in documents(ROOT):
            script, expected = session(path.read_text())
            if not expected:
                continue
            sessions += 1
            with self.subTest(document=path.name):
                # What another document's servers kept would change what this one's answer.
                for state in (ROOT / "docs/examples").glob("state-*"):
                    shutil.rmtree(state)
                code, output = run(script)
                self.assertEqual(code, 0, output)
                self.assertEqual(missing(output, expected), [], output)
        self.assertGreater(sessions, 0)

    def test_every_command_is_run_or_marked(self):
        targets = make_targets()
        for path in documents(ROOT):
            with self.subTest(document=path.name):
                self.assertEqual(unfit(path.read_text(), targets), [])

    def test_links_lead_somewhere(self):
        for path in documents(ROOT):
            for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text()):
                with self.subTest(document=path.name, target=target):
                    self.assertTrue((path.parent / target).exists())


class Rules(unittest.TestCase):
    def test_a_command_that_is_not_run_is_found(self):
        text = "a\n```sh\nmake run # x\nmake check\nrm -r x\nmake nothing\n```\n```sh norun\nrm\n```\n```sh run\ntrue\n```\n"
        self.assertEqual(len(unfit(text, {"run", "check"})), 2)

    def test_a_failing_command_is_found(self):
        script, _ = session("```sh run\ntrue\n```\n```sh run\nfalse\n```\n")
        self.assertEqual(run(script)[0], 1)

    def test_output_that_is_not_printed_is_found(self):
        text = "```sh run\necho one; echo two\n```\n```output\none\n{}\n```\n```sh run\necho three\n```\n"
        for line, count in (("two", 0), ("three", 1)):
            script, expected = session(text.format(line))
            code, output = run(script)
            self.assertEqual(code, 0)
            self.assertEqual(len(missing(output, expected)), count, output)

    def test_what_is_started_in_the_background_is_ended(self):
        script, _ = session("```sh run\nsleep 1000 & echo $!\n```\n```sh run\nsleep 1000 &\n```\n")
        code, output = run(script)
        self.assertEqual(code, 0)
        pid = int(re.search(r"^(\d+)$", output, re.M)[1])
        self.assertFalse(Path(f"/proc/{pid}").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2])


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
