#!/usr/bin/python3
"""`make run` as a new user meets it: type it, try the printed lines, press Ctrl-C. Nothing may be left behind."""

import os
import queue
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 120
STOP_SECONDS = 20


def session_members(session):
    """Pids of live processes of this session."""
    members = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            members.append(int(stat.parent.name))
    return members


def namespaces():
    """Those that `make run` makes: others come and go as they like."""
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
    return {line.split()[0] for line in listed.splitlines() if re.match(r"rblitz-\d+( |$)", line)}


class Run:
    """A running `make run`, in a session of its own as in a terminal of its own."""

    def __init__(self, environment=None):
        inherited = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
        self.process = subprocess.Popen(["make", "run"], cwd=ROOT, env=inherited | (environment or {}), text=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        start_new_session=True)
        self.lines = queue.Queue()
        self.output = []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def questions(self):
        """The three lines to try, once they are printed."""
        found, deadline = [], time.monotonic() + START_SECONDS
        while len(found) < 3:
            try:
                line = self.lines.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError("nothing more was printed:\n" + "\n".join(self.output)) from None
            if line is None:
                raise AssertionError("make run ended:\n" + "\n".join(self.output))
            self.output.append(line)
            if re.match(r"(sudo |ip netns exec |dig )", line):
                found.append(line)
        return found

    def interrupt(self, signal_number=signal.SIGINT):
        """What a terminal does on Ctrl-C: the signal goes to the whole group."""
        os.killpg(self.process.pid, signal_number)
        code = self.process.wait(timeout=STOP_SECONDS)
        self.reader.join(timeout=5)
        self.process.stdout.close()
        return code

    def end(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process.stdout.close()


def ask(line):
    done = subprocess.run(shlex.split(line), capture_output=True, text=True, timeout=30)
    status = re.search(r"status: (\w+)", done.stdout)
    records = re.findall(r"^[^;\s]\S*\s+\d+\s+IN\s+(A|TXT)\s+(.*)$", done.stdout, re.M)
    return status.group(1) if status else done.stdout + done.stderr, records


class MakeRun(unittest.TestCase):
    def check(self, run, signal_number):
        lines = run.questions()
        answers = [ask(line) for line in lines]
        for line, (status, records) in zip(lines, answers):
            with self.subTest(line=line):
                self.assertEqual(status, "NOERROR")
                self.assertNotEqual(records, [])
        records = [sorted(records) for _, records in answers]
        self.assertEqual(records[0], [("A", "127.0.0.2"), ("A", "127.0.0.3")])  # on both lists
        self.assertEqual({kind for kind, _ in records[1]}, {"TXT"})
        self.assertEqual(len(records[1]), 2)
        self.assertTrue(all("192.0.2.10" in text for _, text in records[1]), records[1])
        self.assertEqual(records[2], [("A", "127.0.0.9")])
        run.interrupt(signal_number)
        self.assertEqual(session_members(run.process.pid), [], "processes were left behind")
        return lines

    def serve_and_stop(self, signal_number):
        before = namespaces()
        run = Run()
        try:
            lines = self.check(run, signal_number)
        finally:
            run.end()
        self.assertTrue(lines[0].startswith(("ip netns exec ", "sudo ip netns exec ")), lines)
        self.assertEqual(namespaces() - before, set(), "a namespace was left behind")

    def need_namespaces(self):
        if os.geteuid() != 0:
            self.skipTest("needs root: network namespaces and TAP devices")
        if not Path("/dev/net/tun").is_char_device():
            self.skipTest("needs /dev/net/tun")

    def test_serves_from_dpdk_until_ctrl_c(self):
        self.need_namespaces()
        self.serve_and_stop(signal.SIGINT)

    def test_serves_from_dpdk_until_it_is_terminated(self):
        self.need_namespaces()
        self.serve_and_stop(signal.SIGTERM)

    def test_serves_from_sockets_where_there_are_no_namespaces(self):
        real = shutil.which("ip")
        with tempfile.TemporaryDirectory() as folder:
            refusing = Path(folder) / "ip"
            refusing.write_text(f'#!/bin/sh\n[ "$1" = netns ] && exit 1\nexec {real} "$@"\n')
            refusing.chmod(0o755)
            run = Run({"PATH": f"{folder}:{os.environ['PATH']}"})
            try:
                lines = self.check(run, signal.SIGINT)
            finally:
                run.end()
        self.assertTrue(all(line.startswith("dig @127.0.0.1 -p 5300 ") for line in lines), lines)
        self.assertTrue(any(line.startswith("No DPDK port: ") for line in run.output), run.output)


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
