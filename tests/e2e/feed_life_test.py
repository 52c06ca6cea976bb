#!/usr/bin/python3
"""The life of a feed, of a whole server: files that change by themselves, guards, copies that outlive kill -9, steps back, users."""

import json
import os
import pty
import pwd
import random
import re
import select
import signal
import socket
import subprocess
import time
import unittest
from pathlib import Path

import dns.message
import dns.query
import dns.rcode

import harness
from harness import Server, free_port, main

SETTLE = 2  # seconds, as rblitzd's


def config(port, feed="", server=""):
    return (f'[server]\nlisten = ["127.0.0.1:{port}"]\nstate = "state"\n{server}'
            f'[[feed]]\nname = "f"\npath = "f.txt"\nformat = "cidr"\n{feed}[[zone]]\nname = "bl.test"\nfeeds = ["f"]\n')


def version(number, entries=2000):
    """A list that says which one it is: 10.NUMBER.*.*."""
    return "".join(f"10.{number}.{i >> 8}.{i & 255}\n" for i in range(entries))


def wait_for_copy(server):
    """Until what is served is on the disk for the next start."""
    end = time.monotonic() + 20
    while server.json("status")["feeds"][0]["copy_pending"]:
        assert time.monotonic() < end, server.log
        time.sleep(0.01)


class Life(unittest.TestCase):
    feed = ""
    server_lines = ""

    def setUp(self):
        self.port = free_port()
        self.server = Server(config(self.port, self.feed, self.server_lines), {"f.txt": version(1)})
        self.age("f.txt")
        self.enterContext(self.server)

    def age(self, name):
        """Written long ago, as far as its time says."""
        os.utime(self.server.folder / name, (time.time() - 3600,) * 2)

    def listed(self, address):
        query = dns.message.make_query(".".join(reversed(address.split("."))) + ".bl.test", "A")
        rcode = dns.rcode.to_text(dns.query.udp(query, "127.0.0.1", port=self.port, timeout=5).rcode())
        self.assertIn(rcode, ("NOERROR", "NXDOMAIN", "SERVFAIL"))
        return rcode == "NOERROR"

    def served(self):
        """Which versions are served, all of each or nothing."""
        versions = [number for number in range(32) if self.listed(f"10.{number}.0.0")]
        for number in versions:
            self.assertTrue(self.listed(f"10.{number}.7.207"), "half a list is served")
        return versions

    def wait_for(self, number, seconds):
        end = time.monotonic() + seconds
        while not self.listed(f"10.{number}.0.0"):
            self.assertLess(time.monotonic(), end, self.server.log)
            time.sleep(0.02)

    def status(self):
        return self.server.json("status")["feeds"][0]

    def load(self, *command, exit_code=0):
        done = self.server.rblitz("--json", *command)
        self.assertEqual(done.returncode, exit_code, done.stdout + done.stderr)
        return json.loads(done.stdout)["feeds"][0], done.stderr

    def wait_for_copy(self):
        wait_for_copy(self.server)


class Changes(Life):
    def test_file_renamed_into_place_is_loaded_at_once(self):
        time.sleep(SETTLE + 1)  # the first look is over
        self.server.write("f.txt", version(2))
        self.wait_for(2, SETTLE - 0.5)
        self.assertEqual(self.served(), [2])

    def test_file_that_is_being_written_is_loaded_once_it_is_whole(self):
        text = version(2)
        with open(self.server.folder / "f.txt", "w") as file:
            for start in range(0, len(text), 2000):
                file.write(text[start:start + 2000])
                file.flush()
                self.assertEqual([self.listed("10.1.0.0"), self.listed("10.2.0.0")], [True, False])
                time.sleep(0.2)
            time.sleep(SETTLE + 1)  # a writer that is slow, not done
            self.assertFalse(self.listed("10.2.0.0"))
        closed = time.monotonic()
        self.wait_for(2, 15)
        self.assertGreater(time.monotonic() - closed, SETTLE - 0.5)
        self.assertEqual(self.served(), [2])

    def test_reload_does_not_wait(self):
        (self.server.folder / "f.txt").write_text(version(3))
        self.assertEqual(self.load("reload", "f")[0]["entries"], 2000)
        self.assertEqual(self.served(), [3])

    def test_diff_says_what_a_load_would_change_and_changes_nothing(self):
        self.server.write("f.txt", version(1, 1000) + "11.0.0.0/8\n12.0.0.0/9\nbad\n")
        feed, _ = self.load("diff", "f")
        self.assertEqual([feed[key] for key in ("lines", "entries", "added", "removed", "rejected", "widest")],
                         [1003, 1002, 2, 1000, 1, ["11.0.0.0/8", "12.0.0.0/9"]])
        self.assertFalse(self.listed("11.0.0.0"))
        done = self.server.rblitz("reload", "f")
        self.assertIn("f: widest new: 11.0.0.0/8, 12.0.0.0/9\n", done.stdout)
        self.assertEqual(self.server.rblitz("diff", "none").returncode, 1)
        self.assertEqual(self.server.rblitz("diff").returncode, 2)


class Folder(Life):
    feed = ""

    def test_folder_is_one_feed_that_follows_its_files(self):
        folder = self.server.folder / "lists"
        folder.mkdir()
        for number in (5, 6):
            (folder / f"{number}.txt").write_text(version(number))
            os.utime(folder / f"{number}.txt", (0, 0))
        self.server.write("rblitz.toml", config(self.port).replace("f.txt", "lists"))
        self.load("reload")
        self.assertEqual(self.served(), [5, 6])
        (folder / "7.part").write_text(version(7))
        time.sleep(0.2)
        (folder / "7.part").rename(folder / "7.txt")
        self.wait_for(7, 10)
        (folder / "5.txt").unlink()
        end = time.monotonic() + 10
        while self.listed("10.5.0.0"):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.1)
        self.assertEqual(self.served(), [6, 7])


class Guards(Life):
    feed = 'check = 0\nmax_shrink = 0.5\nmax_bad = 0.1\nmax_range = "/16"\nmax_age = "7d"\nmax_memory = "4M"\n'

    def test_refused_load_keeps_the_data_says_why_and_exits_1(self):
        many = "".join(f"{i >> 16}.{i >> 8 & 255}.{i & 255}.1\n" for i in range(1 << 16, 3 << 20))
        cases = {"max_shrink allows 50 %": version(2, 999), "max_bad allows 10 %": version(2) + "bad\n" * 300,
                 "max_memory allows 4194304": many}
        for number, (why, text) in enumerate(cases.items(), 1):
            with self.subTest(why=why):
                self.server.write("f.txt", text)
                feed, complaint = self.load("reload", "f", exit_code=1)
                self.assertEqual(feed["state"], "refused")
                self.assertRegex(complaint, f"^rblitz: reload: f: refused: .*{why}")
                self.assertEqual(self.served(), [1])
                status = self.status()
                self.assertEqual((status["state"], status["refused_loads"]), ("stale", number))
                self.assertIn(why, status["error"])
                self.assertIn(why, self.server.rblitz("status").stdout)
                self.assertIn("event=feed_refused feed=f", self.server.log)
        self.server.write("f.txt", version(2) + "10.4.0.0/15\n")
        feed, _ = self.load("reload", "f")
        self.assertEqual((feed["state"], feed["rejected"]), ("loaded", 1))
        self.assertIn("range of 131072 addresses", feed["errors"][0])

    def test_operator_may_overrule_max_shrink(self):
        self.server.write("f.txt", "203.0.113.1\n")
        self.load("reload", "f", exit_code=1)
        self.load("reload", "--force", "f")
        self.assertEqual((self.listed("203.0.113.1"), self.listed("10.1.0.0")), (True, False))

    def test_data_that_is_too_old_is_refused(self):
        self.server.write("f.txt", version(2))
        os.utime(self.server.folder / "f.txt", (time.time() - 8 * 86400,) * 2)
        feed, complaint = self.load("reload", "f", exit_code=1)
        self.assertRegex(complaint, r"refused: the data is 691\d\d\d seconds old \(max_age allows 604800\)")
        self.assertEqual(self.served(), [1])

    def test_refused_at_the_start_means_the_last_good_copy(self):
        self.wait_for_copy()
        self.server.stop()
        self.server.write("f.txt", "192.0.2.1\n")
        self.age("f.txt")
        self.server.start()
        self.assertEqual(self.served(), [1])
        self.assertIn("max_shrink", self.status()["error"])
        self.assertEqual(self.status()["origin"], "copy")
        self.assertIn("f: its last good copy is served\n", self.server.rblitz("status").stdout)


class Terminal(Life):
    """What commands that take their time tell a person who waits, and nobody else."""
    feed = "check = 0\n"

    def run_on_terminal(self, command, until):
        """What the command writes to its terminal, until that has been seen or the command has ended."""
        ours, its = pty.openpty()
        process = subprocess.Popen([*map(str, command)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=its)
        os.close(its)
        seen, end = b"", time.monotonic() + 60
        try:
            while not re.search(until, seen) and time.monotonic() < end:
                if select.select([ours], [], [], 0.1)[0]:
                    seen += os.read(ours, 4096)
        except OSError:  # EIO: nobody has the other end any more
            pass
        finally:
            process.kill()
            process.wait()
            os.close(ours)
        return seen.decode()

    def test_reload_says_how_far_it_is(self):
        self.server.write("f.txt", harness.endless_feed())
        command = [harness.programs.rblitz, "--control", self.server.control, "reload", "f"]
        line = rb"\rrblitz: reload: \d+ s, reading f, [1-9][\d,]* lines"
        self.assertRegex(self.run_on_terminal(command, line), line.decode())

    def test_dump_and_check_say_how_far_they_are(self):
        text = (self.server.folder / "rblitz.toml").read_text().replace('"cidr"', '"domains"')
        self.server.write("rblitz.toml", text)
        self.server.write("f.txt", "".join(f"n{i}.example\n" for i in range(70000)))
        self.assertEqual(self.server.rblitz("reload").returncode, 0)
        seen = self.run_on_terminal([harness.programs.rblitz, "--control", self.server.control, "dump", "bl.test"], rb"records")
        self.assertRegex(seen, r"\rrblitz: dump: [1-9]\d* records")
        self.assertEqual(self.server.rblitz("dump", "bl.test").stderr, "")  # which is no terminal
        checking = [harness.programs.rblitzd, "--config", self.server.folder / "rblitz.toml", "--check"]
        self.assertIn("rblitzd: loading f", self.run_on_terminal(checking, rb"loading f"))


class Copies(Life):
    feed = "check = 0\n"

    def test_rollback_serves_the_data_before_until_the_file_changes(self):
        self.wait_for_copy()
        self.server.write("f.txt", version(2))
        self.load("reload", "f")
        self.wait_for_copy()
        feed, _ = self.load("rollback", "f")
        self.assertEqual((feed["state"], feed["added"], feed["removed"]), ("loaded", 2000, 2000))
        self.assertEqual((self.served(), self.status()["state"]), ([1], "rollback"))
        self.server.stop()
        self.server.start()
        self.assertEqual((self.served(), self.status()["state"]), ([1], "rollback"))
        self.server.write("f.txt", version(3))
        self.load("reload", "f")
        self.assertEqual((self.served(), self.status()["state"]), ([3], "ok"))

    def test_lookup_after_a_rollback_names_the_whole_path(self):
        self.server.stop()
        self.server.is_inside = True
        self.server.start()
        self.wait_for_copy()
        self.server.write("f.txt", version(2))
        self.load("reload", "f")
        self.wait_for_copy()
        self.load("rollback", "f")
        lookup = self.server.json("lookup", "10.1.0.1")
        record = lookup["zones"][0]["records"][0]
        self.assertEqual((record["file"], record["line"], record["changed"]), (str(self.server.folder / "f.txt"), 2, True))

    def test_rollback_without_a_predecessor_exits_1(self):
        done = self.server.rblitz("rollback", "f")
        self.assertEqual((done.returncode, done.stderr),
                         (1, "rblitz: rollback: f: there is no copy before the one that is served\n"))

    def test_state_that_cannot_be_used_is_said_and_no_more(self):
        self.server.stop()
        self.server.write("rblitz.toml", config(self.port).replace('"state"', '"/proc/none"'))
        self.server.start()
        self.assertIn("event=state_unusable", self.server.log)
        self.assertEqual(self.served(), [1])


class Kill9(Life):
    """Whenever the server is killed, the next one serves one whole list: that of the file, or a good one before."""
    feed = 'check = "1s"\nmax_shrink = 0.5\n'

    def test_the_next_start_serves_the_last_good_data(self):
        entries = 30000
        self.server.write("f.txt", version(1, entries))
        self.load("reload", "f")
        self.wait_for_copy()
        dice = random.Random(4)
        last = 1
        for number in range(2, 17):
            text = version(number, entries)
            self.server.write("f.txt", text)
            with self.server.connect() as client:
                client.sendall(b'{"command": "reload", "feeds": ["f"]}\n')
                time.sleep(dice.random() * 0.25)
                self.server.process.kill()
                self.server.process.wait()
            harm = number % 3
            if harm == 0:
                self.age("f.txt")
            elif harm == 1:  # cut off
                self.server.write("f.txt", text[:1000])
            elif harm == 2:
                (self.server.folder / "f.txt").unlink()
            self.server.start()
            served = self.served()
            with self.subTest(number=number, harm=harm):
                self.assertIn(served, [[number]] if harm == 0 else [[last], [number]], self.server.log)
            last = served[0]
            if harm == 0:
                self.wait_for_copy()


class Manager(unittest.TestCase):
    def test_service_manager_is_told(self):
        server = Server(config(free_port()), {"f.txt": version(1)})
        self.addCleanup(server.__exit__)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(str(server.folder / "notify"))
            manager.settimeout(30)
            os.environ["NOTIFY_SOCKET"] = str(server.folder / "notify")
            self.addCleanup(os.environ.pop, "NOTIFY_SOCKET")
            server.start()
            self.assertTrue(manager.recv(1000).startswith(b"READY=1\n"))
            server.process.send_signal(signal.SIGHUP)
            self.assertRegex(manager.recv(1000), rb"^RELOADING=1\nMONOTONIC_USEC=\d+$")
            self.assertEqual(manager.recv(1000), b"READY=1")
            self.assertEqual(server.stop(), 0)
            self.assertEqual(manager.recv(1000), b"STOPPING=1")

    @unittest.skipUnless(os.geteuid() == 0, "not root: there is nothing to give up")
    def test_user_is_switched_to_for_good(self):
        server = Server(config(free_port(), 'max_shrink = 0.5\n', 'user = "nobody"\n'), {"f.txt": version(1)})
        server.folder.chmod(0o755)
        with server:
            nobody = pwd.getpwnam("nobody")
            for task in Path(f"/proc/{server.process.pid}/task").iterdir():
                fields = dict(line.split(":", 1) for line in (task / "status").read_text().splitlines())
                self.assertEqual(fields["Uid"].split(), [str(nobody.pw_uid)] * 4)
                self.assertEqual(fields["Gid"].split(), [str(nobody.pw_gid)] * 4)
                self.assertEqual(fields["Groups"].split(), [str(nobody.pw_gid)])
                self.assertEqual(int(fields["CapEff"], 16), 0)
            wait_for_copy(server)
            server.write("f.txt", version(2))
            self.assertEqual(server.rblitz("reload", "f").returncode, 0)
            wait_for_copy(server)
            self.assertEqual(server.rblitz("rollback", "f").returncode, 0)
            # Who is no longer root loads when nothing else wants a core if it may come back from that, which takes CAP_SYS_RESOURCE to grant.
            may = subprocess.run(["prlimit", "--nice=20:20", "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0
            server.write("f.txt", harness.endless_feed())
            server.process.send_signal(signal.SIGHUP)
            loads = lambda task: task.joinpath("comm").read_text() == "rblitz-load\n"
            load = next(int(task.name) for task in Path(f"/proc/{server.process.pid}/task").iterdir() if loads(task))
            server.wait_until(lambda: server.reads("f.txt"))
            server.wait_until(lambda: os.sched_getscheduler(load) == (os.SCHED_IDLE if may else os.SCHED_OTHER))
            self.assertEqual(os.getpriority(os.PRIO_PROCESS, load), min(os.getpriority(os.PRIO_PROCESS, 0) + 10, 19))

    @unittest.skipUnless(os.geteuid() == 0, "not root: there is nothing to give up")
    def test_root_that_stays_is_warned(self):
        with Server(config(free_port()), {"f.txt": version(1)}) as server:
            self.assertIn("event=runs_as_root", server.log)

    def test_unknown_user_keeps_the_server_from_starting(self):
        server = Server(config(free_port(), server='user = "no-such-user"\n'), {"f.txt": version(1)})
        self.addCleanup(server.__exit__)
        done = subprocess.run([harness.programs.rblitzd, "--config", server.folder / "rblitz.toml", "--control",
                               server.control], capture_output=True, text=True, timeout=30)
        self.assertEqual((done.returncode, done.stderr),
                         (1, "rblitzd: server.user: there is no user 'no-such-user'\n"))


if __name__ == "__main__":
    main()
