#!/usr/bin/python3
"""The store of a greylist as its operator meets it: restarts, full disks, folders that are gone, files that are not its own."""

import contextlib
import os
import pwd
import random
import shutil
import signal
import subprocess
import time
import unittest

import grey
import harness
from grey import DEFER, KNOWN, MATURED, UNRECORDED, WHITELISTED, Client, greylist, name, triplets
from harness import Server, free_port, main

ZONE = "grey.test"


def config(port, extra="", **keys):
    return grey.server_table(port) + extra + greylist(ZONE, **{"store": "store", "auto_whitelist": 0} | keys)


class Store(grey.Asking, unittest.TestCase):
    keys = {}
    zone = ZONE

    def setUp(self):
        self.port = free_port()
        self.dice = random.Random(6)
        self.server = Server(config(self.port, **self.keys), grey.FILES)
        self.addCleanup(self.server.__exit__)
        self.store = self.server.folder / "store"

    def restart(self):
        self.assertEqual(self.server.stop(), 0, self.server.log)
        self.start()

    def status(self):
        """Of the one greylist."""
        (one,) = self.server.json("status")["greylists"]
        return one

    def run_with(self, server, *options):
        command = [harness.programs.rblitzd, "--config", server.folder / "rblitz.toml", *options]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    def refused(self, server=None):
        """What a start says that fails."""
        server = server or self.server
        done = self.run_with(server, "--control", server.folder / "other.sock")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(done.stderr.count("rblitzd: "), 1, done.stderr)
        return done.stderr

    def bytes_of_store(self):
        return {path.name: path.read_bytes() for path in self.store.iterdir() if path.is_file() and path.name != "lock"}


class Restarts(Store):
    keys = {"delay": "2s", "auto_whitelist": 1}

    def test_sigterm_loses_nothing(self):
        self.start()
        matured, pending = [name(ZONE, f"10.1.{i}.1") for i in range(50)], triplets(self.dice, 500, ZONE)
        self.assertEqual(set(self.codes(matured)), {DEFER})
        domain = [name(ZONE, "10.2.0.1", f"{sender}@pool.test", "bob@test", "d") for sender in "abc"]
        self.codes(domain[:1])
        self.server.wait_until(lambda: {look["why"] for look in self.looks(matured + domain[:1])} == {"matured"})
        self.assertEqual(set(self.codes(matured + domain[:1])), {MATURED})
        self.assertEqual(set(self.codes(pending)), {DEFER})  # the last moment
        before = self.looks(matured + pending)
        self.restart()
        after = self.looks(matured + pending)
        for old, new in zip(before, after):
            self.assertEqual((new["first"], new["s"] == "pass"), (old["first"], old["s"] == "pass" or new["why"] == "matured"))
        self.assertEqual({look["why"] for look in after[:50]}, {"client"})
        # The addresses keep their credits, for whatever they send.
        self.assertEqual(set(self.codes([name(ZONE, f"10.1.{i}.1", "carol@test", "dave@test") for i in range(50)])), {WHITELISTED})
        self.assertEqual(self.codes([name(ZONE, "10.1.0.2")]), [KNOWN])
        for _ in range(3):
            self.restart()
        self.assertEqual([look["first"] for look in self.looks(matured + pending)], [look["first"] for look in before])

    def test_in_memory_all_is_new_after_a_restart(self):
        self.server.write("rblitz.toml", config(self.port, store="", delay="1h"))
        self.start()
        self.codes([name(ZONE)])
        self.assertEqual(self.looks([name(ZONE)])[0]["why"], "early")
        self.restart()
        self.assertEqual(self.looks([name(ZONE)])[0]["why"], "new")
        self.assertFalse(self.store.exists())

    @unittest.skipUnless(os.geteuid() == 0, "not root: there is nothing to give up")
    def test_a_user_without_privileges_keeps_the_store(self):
        self.start()  # root, for once
        names = triplets(self.dice, 100, ZONE)
        self.codes(names[:50])
        self.assertEqual(self.server.stop(), 0)
        self.server.folder.chmod(0o755)
        table = grey.server_table(self.port, 'user = "nobody"')
        self.server.write("rblitz.toml", table + greylist(ZONE, store="store", delay="1h"))
        self.start()
        self.assertEqual(set(self.codes(names[50:])), {DEFER})
        for _ in range(2):
            self.restart()
            self.assertEqual({look["why"] for look in self.looks(names)}, {"early"})
        owners = {path.stat().st_uid for path in (self.store, *self.store.iterdir())}
        self.assertEqual(owners, {pwd.getpwnam("nobody").pw_uid})

    def test_a_torn_tail_is_cut_and_told_and_what_was_before_it_is_served(self):
        self.start()
        first, last = triplets(self.dice, 300, ZONE), triplets(self.dice, 300, ZONE)
        for names in (first, last):
            self.codes(names)
            time.sleep(0.5)  # a journal interval and more, so that they are blocks of their own
        self.server.stop(signal.SIGKILL)
        journal = max(self.store.glob("journal-*"), key=lambda path: int(path.name.split("-")[1]))
        whole = journal.read_bytes()
        copy = self.server.folder / "copy"
        shutil.copytree(self.store, copy)
        both = len(first + last)
        for tail, kept in ((whole[:-1], len(first)), (whole + whole[-100:], both), (whole + bytes(5000), both)):
            with self.subTest(bytes=len(tail) - len(whole)):
                journal.write_bytes(tail)
                self.start()
                self.assertRegex(self.server.log, rf"event=greylist_damaged .*{journal.name}: ")
                self.assertEqual(self.codes([name(ZONE, "10.99.1.1", recipient=str(len(tail)))]), [DEFER])
                whys = [look["why"] for look in self.looks(first + last)]
                self.assertEqual(set(whys[:len(first)]) - {"early", "matured"}, set())
                if kept > len(first):
                    self.assertEqual(set(whys) - {"early", "matured"}, set())
                self.restart()  # and told but once
                self.assertEqual([look["why"] == "new" for look in self.looks(first + last)], [why == "new" for why in whys])
                self.server.stop(signal.SIGKILL)
                shutil.rmtree(self.store)
                shutil.copytree(copy, self.store)


class Refused(Store):
    keys = {"delay": "1h"}

    def test_two_servers_have_not_one_store(self):
        self.start()
        self.codes([name(ZONE)])
        other = Server(config(free_port(), store=str(self.store)), grey.FILES)
        self.addCleanup(other.__exit__)
        self.assertRegex(self.refused(other), r"store.*(another|in use|lock)")
        self.assertEqual(self.looks([name(ZONE)])[0]["why"], "early")
        self.restart()
        self.assertEqual(self.looks([name(ZONE)])[0]["why"], "early")

    def test_two_greylists_have_not_one_store(self):
        self.server.write("rblitz.toml", config(self.port) + greylist("other.test", store="store"))
        self.assertIn("store", self.refused())

    def test_what_is_not_its_own_is_left_alone(self):
        self.start()
        self.codes(triplets(self.dice, 100, ZONE))
        self.assertEqual(self.server.stop(), 0)
        good = self.bytes_of_store()
        (victim,) = [max(good, key=lambda file: len(good[file]))]
        for harm, said in (
                (lambda data: data[:8] + b"\2" + data[9:], "version 2"),
                (lambda data: data[:12] + b"\7" + data[13:], "scheme"),
                (lambda data: b"#!/bin/sh\n" + bytes(1000), "no greylist"),
                (lambda data: b"", ""),
                (lambda data: data[:20] + bytes([data[20] ^ 1]) + data[21:], "checksum|damaged")):
            with self.subTest(said=said):
                (self.store / victim).write_bytes(harm(good[victim]))
                there = self.bytes_of_store()
                if said:
                    self.assertRegex(self.refused(), rf"{self.store / victim}\b.*({said})")
                    self.assertEqual(self.bytes_of_store(), there)
                (self.store / victim).write_bytes(good[victim])
        self.start()
        self.assertEqual({look["why"] for look in self.looks(triplets(random.Random(6), 100, ZONE))}, {"early"})

    def test_a_folder_that_cannot_be_written_is_told_of(self):
        for store, said in (("/proc/none", "/proc/none"), ("rblitz.toml", "rblitz.toml"), ("/dev/full", "/dev/full")):
            self.server.write("rblitz.toml", config(self.port, store=store))
            self.assertIn(said, self.refused())

    def test_a_check_of_the_configuration_leaves_the_store_alone(self):
        done = self.run_with(self.server, "--check")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertFalse(self.store.exists())
        self.start()
        done = self.run_with(self.server, "--check")
        self.assertEqual(done.returncode, 0, done.stderr)


def missing_tmpfs():
    if os.geteuid() != 0:
        return "not root: no small disk can be mounted"
    return ""


@unittest.skipIf(missing_tmpfs(), missing_tmpfs())
class SmallDisk(Store):
    keys = {"store": "disk/grey", "delay": "1h"}

    def setUp(self):
        super().setUp()
        self.disk = self.server.folder / "disk"
        self.disk.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", self.disk], capture_output=True, text=True)
        if done.returncode != 0:
            self.skipTest(f"no small disk can be mounted here: {done.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", self.disk], check=True)
        self.addCleanup(self.end)

    def end(self):
        if self.server.process.poll() is None:
            self.server.process.kill()
            self.server.process.wait()

    def fill(self):
        with contextlib.suppress(OSError), open(self.disk / "ballast", "ab", buffering=0) as ballast:
            for size in (4096, 1):
                with contextlib.suppress(OSError):
                    while True:
                        ballast.write(bytes(size))

    def ask(self, count):
        """Those that were recorded."""
        names = triplets(self.dice, count, ZONE)
        codes = self.codes(names)
        self.assertLessEqual(set(codes), {DEFER, UNRECORDED})
        return [n for n, code in zip(names, codes) if code == DEFER]

    def error(self):
        return self.status()["store"]["error"]

    def assert_all_there(self, names):
        self.assertEqual({look["why"] for look in self.looks(names)}, {"early"})

    def test_a_full_disk_is_told_of_and_made_up_for(self):
        self.start()
        before = self.ask(200)
        self.assertEqual(self.error(), "")
        self.fill()
        during = self.ask(3000)
        self.assertGreater(len(during), 0)
        self.server.wait_until(lambda: self.error())
        self.assertIn("No space left on device", self.error())
        self.assertIn("No space left on device", self.server.rblitz("status").stdout)
        during += self.ask(200)
        self.assert_all_there(before + during)
        (self.disk / "ballast").unlink()
        self.server.wait_until(lambda: not self.error())
        after = self.ask(100)
        self.assertEqual(self.server.stop(), 0)
        self.start()
        self.assert_all_there(before + during + after)

    def test_what_was_made_up_for_is_on_the_disk(self):
        self.start()
        self.fill()
        during = self.ask(3000)
        self.server.wait_until(lambda: self.error())
        (self.disk / "ballast").unlink()
        self.server.wait_until(lambda: not self.error())
        self.server.stop(signal.SIGKILL)
        self.start()
        self.assert_all_there(during)

    def test_a_disk_that_stays_full_keeps_nobody_from_ending(self):
        self.start()
        before = self.ask(200)
        self.server.wait_until(lambda: self.status()["store"]["written_rows"] >= 200)
        self.fill()
        self.ask(500)
        self.server.wait_until(lambda: self.error())
        self.server.stop()
        self.assertIn("No space left on device", self.server.log)
        (self.disk / "ballast").unlink()
        self.start()
        self.assert_all_there(before)

    def test_memory_of_what_cannot_be_written_is_bounded(self):
        self.start()
        self.fill()
        self.ask(2000)
        before = grey.resident_bytes(self.server.process)
        for _ in range(4):
            self.ask(5000)
        self.assertLess(grey.resident_bytes(self.server.process), before + (32 << 20))
        self.assertLessEqual(set(self.codes(triplets(self.dice, 100, ZONE))), {DEFER, UNRECORDED})

    def test_it_starts_without_room_and_makes_up_for_it(self):
        self.fill()
        self.start()
        names = self.ask(100)
        self.assertEqual(len(names), 100)
        self.server.wait_until(lambda: self.error())
        (self.disk / "ballast").unlink()
        self.server.wait_until(lambda: not self.error())
        self.server.stop(signal.SIGKILL)
        self.start()
        self.assert_all_there(names)

    def test_a_disk_that_may_only_be_read(self):
        self.start()
        before = self.ask(200)
        self.assertEqual(self.server.stop(), 0)
        subprocess.run(["mount", "-o", "remount,ro", self.disk], check=True)
        self.assertIn("Read-only file system", self.refused())
        subprocess.run(["mount", "-o", "remount,rw", self.disk], check=True)
        self.start()
        self.assert_all_there(before)


class Gone(Store):
    keys = {"delay": "1h"}

    def test_a_folder_that_is_removed_stops_no_answer(self):
        self.start()
        names = triplets(self.dice, 200, ZONE)
        self.assertEqual(set(self.codes(names)), {DEFER})
        self.server.wait_until(lambda: self.status()["store"]["written_rows"] >= 200)
        shutil.rmtree(self.store)
        more = triplets(self.dice, 200, ZONE)
        self.assertEqual(set(self.codes(more)), {DEFER})
        self.assertEqual({look["why"] for look in self.looks(names + more)}, {"early"})
        self.server.stop()
        self.start()
        self.assertEqual(set(self.codes(names)), {DEFER})


class SlowDisk(Store):
    keys = {"delay": "2s", "max_triplets": 32000}

    def test_what_a_slow_disk_has_not_taken_yet_passes_unrecorded_and_the_rest_is_kept(self):
        self.server.environment = {"LD_PRELOAD": str(harness.programs.slow_disk), "RBLITZ_DISK_RATE": "150000"}
        self.start()
        known = triplets(self.dice, 50, ZONE)
        self.assertEqual(set(self.codes(known)), {DEFER})
        self.server.wait_until(lambda: {look["why"] for look in self.looks(known)} == {"matured"})
        self.assertEqual(set(self.codes(known)), {MATURED})
        # Of so many, one or two may find their part of the table full, and push out another.
        missing = lambda names: sum(look["why"] not in ("early", "matured") for look in self.looks(names))
        # Some 40 bytes a row: seconds until this is on the disk, in which there is room for so many more and not for the last.
        names = triplets(self.dice, 18000, ZONE)
        codes = self.codes(names)
        self.assertEqual(set(codes), {DEFER, UNRECORDED})
        taken = [qname for qname, code in zip(names, codes) if code == DEFER]
        left = [qname for qname, code in zip(names, codes) if code == UNRECORDED]
        whys = {look["why"] for look in self.looks(left)}
        self.assertLessEqual(whys, {"new"})
        self.assertEqual(set(self.codes(known)), {KNOWN})
        self.assertLessEqual(missing(taken), 5)
        self.server.environment = {}
        self.restart()  # it waits for the disk
        self.assertLessEqual(missing(taken), 5)
        self.assertEqual({look["why"] for look in self.looks(left)}, {"new"})
        self.assertEqual({look["why"] for look in self.looks(known)}, {"known"})


class Reloads(Store):
    keys = {"delay": "1h"}

    def reload(self, **keys):
        self.server.write("rblitz.toml", config(self.port, **self.keys | keys))
        answer = self.server.json("reload")
        self.assertTrue(answer["ok"], answer)
        return answer["needs_restart"]

    def test_what_was_made_at_the_start_needs_a_restart(self):
        self.start()
        names = triplets(self.dice, 100, ZONE)
        self.codes(names)
        for keys in ({"max_triplets": 32000}, {"mask_v4": 32}, {"mask_v6": 48}, {"store": "other"}):
            (key,) = keys
            needs = self.reload(**keys)
            self.assertEqual(len(needs), 1, needs)
            self.assertIn(key, needs[0])
            self.assertIn(ZONE, needs[0])
            self.assertEqual({look["why"] for look in self.looks(names)}, {"early"})
        self.assertFalse((self.server.folder / "other").exists())
        self.assertEqual(self.reload(), [])

    def test_times_lists_and_observe_act_at_once_and_lose_no_row(self):
        self.start()
        names = triplets(self.dice, 1000, ZONE)
        self.codes(names)
        first = [look["first"] for look in self.looks(names)]
        self.assertEqual(self.reload(delay="2h"), [])
        self.assertGreater(int(self.looks(names)[0]["wait"]), 3600)
        self.assertEqual(self.reload(observe=True), [])
        self.assertEqual(set(self.codes(names)), {UNRECORDED})
        self.assertEqual(self.reload(allow=["127.0.0.2/32"]), [])
        with self.assertRaises(TimeoutError), Client(self.port, seconds=0.2) as client:
            client.codes(names[:1])
        self.assertEqual(self.reload(delay="1s"), [])
        self.server.wait_until(lambda: {look["why"] for look in self.looks(names)} == {"matured"})
        self.assertEqual([look["first"] for look in self.looks(names)], first)
        self.assertEqual(set(self.codes(names)), {MATURED})
        self.assertEqual(self.reload(delay="1h"), [])
        self.assertEqual(set(self.codes(names)), {KNOWN})

    def test_what_changes_while_the_configuration_is_reloaded_is_kept(self):
        self.start()
        names = []
        for i in range(20):
            names += triplets(self.dice, 200, ZONE)
            self.assertEqual(set(self.codes(names[-200:])), {DEFER})
            self.assertEqual(self.reload(window=f"{24 + i}h"), [])
        self.assertEqual({look["why"] for look in self.looks(names)}, {"early"})
        self.restart()
        self.assertEqual({look["why"] for look in self.looks(names)}, {"early"})

    def test_a_wrong_value_leaves_what_is_served_alone(self):
        self.start()
        names = triplets(self.dice, 100, ZONE)
        self.codes(names)
        for keys in ({"delay": "never"}, {"mask_v4": 33}, {"auto_whitelist": 9}, {"max_triplets": 0}, {"pass_feeds": ["none"]},
                     {"journal_interval": "0"}, {"unknown_key": 1}, {"allow": ["nobody"]}):
            self.server.write("rblitz.toml", config(self.port, **self.keys | keys))
            done = self.server.rblitz("reload")
            self.assertEqual(done.returncode, 1, (keys, done.stdout))
            self.assertIn(next(iter(keys)), done.stderr + done.stdout)
            self.assertEqual({look["why"] for look in self.looks(names)}, {"early"})

    def test_a_short_delay_is_warned_of(self):
        self.server.write("rblitz.toml", config(self.port, delay="59s"))
        self.start()
        self.assertRegex(self.server.log, "delay")


if __name__ == "__main__":
    main()
