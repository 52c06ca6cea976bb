#!/usr/bin/python3
"""The operator's side of rblitzd on a loopback socket: commands, reloads, signals, and what must survive mistakes."""

import gzip
import json
import os
import signal
import socket
import subprocess
import threading
import time
import unittest

import dns.message
import dns.query
import dns.rcode

import harness
from harness import Server, ask_control, endless_feed, free_port, main, receive_answer


def config(port, extra="", feeds=("one", "two")):
    text = f'[server]\nlisten = ["127.0.0.1:{port}"]\nstate = "state"\n'
    for name in feeds:
        text += f'[[feed]]\nname = "{name}"\npath = "{name}.txt"\nformat = "cidr"\ncheck = 0\n'
    return text + f'[[zone]]\nname = "bl.test"\nfeeds = {json.dumps(list(feeds))}\n' + extra


FILES = {"one.txt": "192.0.2.1\n192.0.2.2\n", "two.txt": "198.51.100.0/24\n"}


class Reloading(unittest.TestCase):
    def setUp(self):
        self.port = free_port()
        self.server = self.enterContext(Server(config(self.port), FILES))

    def rcode(self, address, zone="bl.test"):
        name = ".".join(reversed(address.split("."))) + "." + zone
        answer = dns.query.udp(dns.message.make_query(name, "A"), "127.0.0.1", port=self.port, timeout=5)
        return dns.rcode.to_text(answer.rcode())

    def reload(self, *feeds, exit_code=0):
        done = self.server.rblitz("--json", "reload", *feeds)
        self.assertEqual(done.returncode, exit_code, done.stdout + done.stderr)
        answer = json.loads(done.stdout)
        self.assertEqual(answer["ok"], exit_code == 0)
        self.assertEqual(bool(done.stderr), exit_code != 0)
        return {feed["name"]: feed for feed in answer["feeds"]}, answer

    def test_reload_serves_what_the_file_says_now_and_counts(self):
        self.server.write("one.txt", "192.0.2.2\n192.0.2.3\n192.0.2.4\n\nnonsense\n192.0.2.3\n")
        feeds, _ = self.reload("one")
        self.assertEqual(list(feeds), ["one"])
        counts = {key: feeds["one"][key] for key in ("state", "lines", "entries", "duplicates", "rejected", "added",
                                                        "removed")}
        self.assertEqual(counts, {"state": "loaded", "lines": 6, "entries": 3, "duplicates": 1, "rejected": 1, "added": 2,
                                  "removed": 1})
        self.server.wait_for_log("lines=6 entries=3 duplicates=1 rejected=1")
        self.assertEqual(self.server.json("status")["feeds"][0]["duplicates"], 1)
        self.assertIn("one.txt:5: ", feeds["one"]["errors"][0])
        self.assertEqual([self.rcode(f"192.0.2.{i}") for i in (1, 2, 3)], ["NXDOMAIN", "NOERROR", "NOERROR"])

    def test_reload_of_unchanged_files_is_a_success(self):
        time.sleep(2.5)  # until the files are old enough that their times are believed
        self.reload()
        feeds, _ = self.reload()
        self.assertEqual({name: feed["state"] for name, feed in feeds.items()}, {"one": "unchanged", "two": "unchanged"})

    def test_failed_feed_keeps_its_data_and_the_others_load(self):
        (self.server.folder / "one.txt").unlink()
        self.server.write("two.txt", "203.0.113.0/24\n")
        feeds, answer = self.reload(exit_code=1)
        self.assertEqual((feeds["one"]["state"], feeds["two"]["state"]), ("failed", "loaded"))
        self.assertIn("one.txt", answer["errors"][0])
        self.assertEqual([self.rcode(a) for a in ("192.0.2.1", "198.51.100.1", "203.0.113.1")],
                         ["NOERROR", "NXDOMAIN", "NOERROR"])
        states = {feed["name"]: feed["state"] for feed in self.server.json("status")["feeds"]}
        self.assertEqual(states, {"one": "stale", "two": "ok"})

    def test_truncated_gzip_keeps_the_data(self):
        whole = gzip.compress(b"".join(b"10.0.%d.%d\n" % (i // 256, i % 256) for i in range(65536)))
        self.server.write("one.txt", whole[:len(whole) // 2])
        feeds, _ = self.reload("one", exit_code=1)
        self.assertEqual(feeds["one"]["state"], "failed")
        self.assertEqual([self.rcode(a) for a in ("192.0.2.1", "10.0.0.1")], ["NOERROR", "NXDOMAIN"])
        self.server.write("one.txt", whole)
        feeds, _ = self.reload("one")
        self.assertEqual((feeds["one"]["entries"], self.rcode("10.0.255.255")), (65536, "NOERROR"))

    def test_reload_says_once_why_a_feed_failed(self):
        (self.server.folder / "one.txt").unlink()
        done = self.server.rblitz("reload", "one")
        self.assertEqual((done.stdout + done.stderr).count("cannot open"), 1)
        self.assertRegex(done.stderr, r"^rblitz: reload: one: .*one\.txt: cannot open: No such file or directory\n$")

    def test_unknown_feed_is_a_failure(self):
        _, answer = self.reload("three", exit_code=1)
        self.assertIn("three", answer["errors"][0])

    def test_sighup_reloads_configuration_and_feeds(self):
        self.server.write("one.txt", "192.0.2.77\n")
        self.server.write("rblitz.toml", config(self.port) + '[[zone]]\nname = "new.test"\nfeeds = ["one"]\n')
        self.server.process.send_signal(signal.SIGHUP)
        self.server.wait_for_log("event=reloaded ok=yes")
        self.assertEqual((self.rcode("192.0.2.77"), self.rcode("192.0.2.77", "new.test")), ("NOERROR", "NOERROR"))

    def test_configuration_may_add_and_remove_feeds_and_zones(self):
        self.rcode("192.0.2.1")
        self.server.write("three.txt", "203.0.113.9\n")
        new_zone = '[[zone]]\nname = "other.test"\nfeeds = ["three"]\n'
        self.server.write("rblitz.toml", config(self.port, new_zone, ("three", "one")))
        feeds, _ = self.reload()
        self.assertEqual(sorted(feeds), ["one", "three"])
        self.assertEqual([self.rcode(a) for a in ("192.0.2.1", "203.0.113.9", "198.51.100.1")],
                         ["NOERROR", "NOERROR", "NXDOMAIN"])
        self.assertEqual(self.rcode("203.0.113.9", "other.test"), "NOERROR")
        self.assertEqual([zone["name"] for zone in self.server.json("status")["zones"]], ["bl.test", "other.test"])
        # The zone that stayed went on counting where it was.
        self.assertEqual(self.server.json("stats")["zones"]["bl.test"]["listed"], 3)
        self.server.write("rblitz.toml", config(self.port))
        self.reload()
        self.assertEqual(self.rcode("203.0.113.9", "other.test"), "REFUSED")

    def test_wrong_configuration_changes_nothing(self):
        port = self.port
        wrong = {
            "syntax": "[server\n",
            "unknown key": config(port) + "max_size = 3\n",
            "unknown feed": config(port, '[[zone]]\nname = "x.test"\nfeeds = ["nope"]\n'),
            "missing file": config(port, '[[feed]]\nname = "gone"\npath = "gone.txt"\nformat = "cidr"\n'),
        }
        self.server.write("one.txt", "192.0.2.99\n")
        for what, text in wrong.items():
            with self.subTest(what=what):
                self.server.write("rblitz.toml", text)
                _, answer = self.reload(exit_code=1)
                self.assertRegex(answer["errors"][0], r"rblitz\.toml:\d+: ")
                self.assertEqual([self.rcode(a) for a in ("192.0.2.1", "192.0.2.99")], ["NOERROR", "NXDOMAIN"])
        (self.server.folder / "rblitz.toml").unlink()
        self.reload(exit_code=1)
        self.assertEqual(self.rcode("192.0.2.1"), "NOERROR")

    def test_changes_of_server_are_reported_and_wait(self):
        self.server.write("rblitz.toml", config(free_port()).replace("[server]", '[server]\nversion = "2"'))
        _, answer = self.reload()
        self.assertEqual(answer["needs_restart"], ["server.listen", "server.version"])
        self.assertIn("needs restart: server.listen, server.version", self.server.rblitz("reload").stdout)
        self.assertEqual(self.rcode("192.0.2.1"), "NOERROR")

    def test_changed_files_are_found_without_a_command(self):
        self.server.write("rblitz.toml", config(self.port).replace("check = 0", 'check = "1s"'))
        self.reload()
        self.server.write("one.txt", "192.0.2.50\n")
        end = time.monotonic() + 20
        while self.rcode("192.0.2.50") != "NOERROR" and time.monotonic() < end:
            time.sleep(0.1)
        self.assertEqual((self.rcode("192.0.2.50"), self.rcode("192.0.2.1")), ("NOERROR", "NXDOMAIN"))

    def test_status_answers_while_a_feed_loads(self):
        lines = (f"{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}.{i * 7 & 255}\n" for i in range(1 << 22))
        self.server.write("one.txt", "".join(lines))
        with self.server.connect() as reloading, self.server.connect() as asking:
            reloading.sendall(b'{"command": "reload", "feeds": ["one"]}\n')
            reloading.setblocking(False)
            answered = 0
            while True:
                try:
                    if reloading.recv(1, socket.MSG_PEEK):
                        break
                except BlockingIOError:
                    pass
                self.assertEqual(ask_control(asking, {"command": "status"})["result"]["state"], "serving")
                self.assertEqual(self.rcode("198.51.100.1"), "NOERROR")
                answered += 1
            reloading.setblocking(True)
            self.assertGreater(receive_answer(reloading)["result"]["feeds"][0]["entries"], 1 << 20)
        self.assertGreater(answered, 5)

    def test_reloads_asked_at_once_are_all_answered(self):
        outcomes = []
        run = lambda: outcomes.append(self.server.rblitz("reload").returncode)
        threads = [threading.Thread(target=run) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(outcomes, [0] * 10)


class Commands(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.port = free_port()
        files = {**FILES, "one.txt": "192.0.2.1\n192.0.2.2\nbad\x01line\n"}
        extra = '[[feed]]\nname = "gone"\npath = "gone.txt"\nformat = "cidr"\n[[zone]]\nname = "out.test"\nfeeds = ["gone"]\n'
        cls.server = cls.enterClassContext(Server(config(cls.port, extra), files))

    def test_status_tells_zones_feeds_and_memory(self):
        status = self.server.json("status")
        self.assertEqual((status["state"], status["io"], status["listen"]),
                         ("serving", "kernel", [f"127.0.0.1:{self.port}"]))
        self.assertEqual({zone["name"]: zone["state"] for zone in status["zones"]},
                         {"bl.test": "serving", "out.test": "out"})
        feeds = {feed["name"]: feed for feed in status["feeds"]}
        self.assertEqual([feeds[name]["state"] for name in ("one", "two", "gone")], ["ok", "ok", "out"])
        self.assertEqual((feeds["one"]["entries"], feeds["one"]["rejected"], feeds["two"]["addresses"]), (2, 1, 256))
        self.assertIn("gone.txt", feeds["gone"]["error"])
        self.assertGreater(status["memory"]["rss_bytes"], 1 << 20)
        self.assertGreaterEqual(status["memory"]["peak_rss_bytes"], status["memory"]["rss_bytes"])
        text = self.server.rblitz("status").stdout
        for part in ("serving", "bl.test", "out.test", "one", "gone.txt", "one.txt:3"):
            self.assertIn(part, text)
        self.assertNotIn("\x01", text)

    def test_stats_count_what_was_asked(self):
        before = self.server.check_sums(self)
        for name in ("1.2.0.192.bl.test", "9.2.0.192.bl.test", "1.2.0.192.out.test", "elsewhere"):
            dns.query.udp(dns.message.make_query(name, "A"), "127.0.0.1", port=self.port, timeout=5)
        after = self.server.check_sums(self)
        self.assertEqual(after["received"] - before["received"], 4)
        self.assertEqual(after["answered"] - before["answered"], 4)
        change = {rcode: count - before["rcodes"][rcode] for rcode, count in after["rcodes"].items()}
        self.assertEqual({rcode: count for rcode, count in change.items() if count},
                         {"NOERROR": 1, "NXDOMAIN": 1, "SERVFAIL": 1, "REFUSED": 1})
        self.assertEqual(after["zones"]["out.test"]["servfail"] - before["zones"]["out.test"]["servfail"], 1)
        self.assertEqual(after["types"]["A"] - before["types"]["A"], 4)
        for sizes in ("question_sizes", "answer_sizes"):
            self.assertEqual(sum(after[sizes].values()), after["received"], sizes)
        self.assertEqual(after["lost"], {"port_missed": 0, "port_no_buffer": 0, "port_errors": 0, "socket_full": 0})
        for qtype in ("TXT", "AAAA", "ANY", "PTR"):
            dns.query.udp(dns.message.make_query("1.2.0.192.bl.test", qtype), "127.0.0.1", port=self.port, timeout=5)
        types = self.server.check_sums(self)["types"]
        self.assertEqual({name: count - after["types"][name] for name, count in types.items() if count != after["types"][name]},
                         {"TXT": 1, "AAAA": 1, "ANY": 1, "other": 1})
        self.assertIn("received", self.server.rblitz("stats").stdout)

    def test_watch_goes_on_until_interrupted(self):
        watch = subprocess.Popen([harness.programs.rblitz, "--control", self.server.control, "stats", "--watch"],
                                 stdout=subprocess.PIPE, text=True)
        lines = [watch.stdout.readline() for _ in range(2)]
        watch.send_signal(signal.SIGINT)
        watch.wait(timeout=10)
        watch.stdout.close()
        for line in lines:
            self.assertRegex(line, r"^received/s \d+  answered/s \d+  dropped/s \d+\n$")

    def test_lookup_says_why_and_exits_0_3_or_1(self):
        listed = self.server.rblitz("--json", "lookup", "192.0.2.1", "--zone", "bl.test")
        self.assertEqual(listed.returncode, 0)
        place = {"file": str(self.server.folder / "one.txt"), "line": 1}
        self.assertEqual(json.loads(listed.stdout)["zones"],
                         [{"zone": "bl.test", "part": None, "listed": True, "out": False, "restricted": False, "excepted_by": None,
                           "records": [{"a": "127.0.0.2", "txt": None, "ttl": 2100, "feed": "one", **place, "lines": [place],
                                        "changed": False}]}])
        self.assertEqual(self.server.rblitz("lookup", "192.0.2.99").returncode, 3)
        self.assertIn("not listed", self.server.rblitz("lookup", "192.0.2.99").stdout)
        self.assertIn("SERVFAIL", self.server.rblitz("lookup", "192.0.2.1", "--zone", "out.test").stdout)
        for wrong in (("neither..name-nor-address",), ("192.0.2.1", "--zone", "nowhere.test")):
            done = self.server.rblitz("lookup", *wrong)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertTrue(done.stderr.startswith("rblitz: lookup: "), done.stderr)

    def test_output_that_cannot_be_written_is_a_failure(self):
        commands = [[harness.programs.rblitz, "--control", self.server.control, *words.split()]
                    for words in ("status", "--json stats", "stats --watch", "lookup 192.0.2.1", "reload two", "--help")]
        commands.append([harness.programs.rblitzd, "--check", "--config", self.server.folder / "rblitz.toml"])
        for command in commands:
            with self.subTest(command=command), open("/dev/full", "w") as full:
                done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=30)
                self.assertEqual(done.returncode, 1)
                self.assertRegex(done.stderr, r"rblitzd?: standard output: No space left on device\n$")

    def test_wrong_usage_exits_2(self):
        for arguments in ((), ("frobnicate",), ("status", "extra"), ("lookup",)):
            self.assertEqual(self.server.rblitz(*arguments).returncode, 2, arguments)
        self.assertEqual(subprocess.run([harness.programs.rblitzd], capture_output=True).returncode, 2)

    def test_garbage_on_the_control_socket_is_answered_with_an_error(self):
        with self.server.connect() as client:
            for garbage in (b"\n", b"hello\n", b"[1]\n", b'{"command": 7}\n', b'{"command": "reload", "feeds": 3}\n',
                            b'{"command": "reload", "feeds": [3]}\n', b"\xff\xfe\n", b"[" * 60000 + b"\n",
                            b'{"a":' * 10000 + b"\n"):
                client.sendall(garbage)
                self.assertIn("error", receive_answer(client), garbage[:40])
        self.assertEqual(self.server.json("status")["state"], "serving")

    def test_second_server_leaves_the_first_alone(self):
        second = subprocess.run([harness.programs.rblitzd, "--config", self.server.folder / "rblitz.toml", "--control",
                                 self.server.control], capture_output=True, text=True, timeout=30)
        self.assertEqual(second.returncode, 1)
        self.assertEqual(second.stderr, f"rblitzd: control socket {self.server.control}: another server listens there\n")
        self.assertEqual(self.server.json("status")["pid"], self.server.process.pid)


class StartAndStop(unittest.TestCase):
    def test_sigterm_and_sigint_end_with_0_and_leave_no_socket(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with Server(config(free_port()), FILES) as server:
                started = time.monotonic()
                self.assertEqual(server.stop(number), 0)
                self.assertLess(time.monotonic() - started, 3)
                self.assertFalse(server.control.exists())
                self.assertIn("event=stopped", server.log)
                self.assertEqual(server.rblitz("status").returncode, 1)

    def check_quick_end(self, server, number=signal.SIGTERM):
        signalled = time.monotonic()
        self.assertEqual(server.stop(number), 0, server.log)
        self.assertLess(time.monotonic() - signalled, 2)
        self.assertFalse(server.control.exists())
        self.assertIn("event=stopped", server.log)

    def test_signal_ends_the_first_load(self):
        files = {**FILES, "one.txt": endless_feed()}
        for number in (signal.SIGTERM, signal.SIGINT):
            server = Server(config(free_port()), files)
            self.addCleanup(server.__exit__)
            server.start(wait_for="")
            server.wait_until(lambda: server.reads("one.txt"))
            time.sleep(0.3)
            self.check_quick_end(server, number)
            self.assertNotIn("event=started", server.log)

    def test_signal_ends_a_reload(self):
        with Server(config(free_port()), FILES) as server, server.connect() as client:
            server.write("one.txt", endless_feed())
            client.sendall(b'{"command": "reload"}\n')
            server.wait_until(lambda: server.reads("one.txt"))
            time.sleep(0.3)
            self.assertEqual(server.json("status")["feeds"][0]["entries"], 2)
            self.check_quick_end(server)
            self.assertEqual(client.recv(1), b"")

    def test_signal_does_not_wait_for_a_table_that_is_built(self):
        # Ranges of many prefixes, each within the one before: soon read, and then painted over each other for seconds.
        lines = "".join(f"{i >> 16}.{i >> 8 & 255}.{i & 255}.1-{255 - (i >> 16)}.{255 - (i >> 8 & 255)}.{255 - (i & 255)}.254\n"
                        for i in range(150000))
        server = Server(config(free_port()), {**FILES, "one.txt": lines})
        self.addCleanup(server.__exit__)
        server.start(wait_for="")
        server.wait_until(lambda: server.reads("one.txt"))
        server.wait_until(lambda: not server.reads("one.txt"))
        self.check_quick_end(server)

    def test_questions_that_have_arrived_are_answered_before_the_end(self):
        port = free_port()
        with Server(config(port), FILES) as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(2)
            query = dns.message.make_query("1.2.0.192.bl.test", "A").to_wire()
            for _ in range(100):
                client.sendto(query, ("127.0.0.1", port))
            self.assertEqual(server.stop(), 0)
            self.assertEqual(sum(1 for _ in range(100) if client.recv(512)), 100)

    def test_socket_of_a_killed_server_is_replaced(self):
        with Server(config(free_port()), FILES) as server:
            server.process.kill()
            server.process.wait()
            self.assertTrue(server.control.exists())
            server.start()
            self.assertEqual(server.json("status")["state"], "serving")

    def test_wrong_configuration_exits_1_with_every_mistake(self):
        server = Server(config(free_port()) + 'wrong = 1\n[[zone]]\nname = "x"\nfeeds = ["nope"]\n', FILES)
        self.addCleanup(server.__exit__)
        done = subprocess.run([harness.programs.rblitzd, "--config", server.folder / "rblitz.toml"], capture_output=True,
                              text=True, timeout=30)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, r"rblitzd: .*rblitz\.toml:17: zone\.wrong: .*\n"
                                      r"rblitzd: .*rblitz\.toml:20: zone\.feeds: there is no feed 'nope'\n")

    def test_feed_that_is_missing_at_start_is_logged_once(self):
        with Server(config(free_port()), {"two.txt": FILES["two.txt"]}) as server:
            self.assertEqual(server.log.count("one.txt: cannot open"), 1)
            self.assertIn("event=feed_failed feed=one ", server.log)

    def test_port_that_is_taken_exits_1(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind(("127.0.0.1", 0))
            server = Server(config(taken.getsockname()[1]), FILES)
            self.addCleanup(server.__exit__)
            done = subprocess.run([harness.programs.rblitzd, "--config", server.folder / "rblitz.toml", "--control",
                                   server.control], capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 1)
        self.assertIn("in use", done.stderr)
        self.assertFalse(server.control.exists())

    def test_check_loads_everything_and_says_what_would_be_served(self):
        server = Server(config(free_port()), {**FILES, "two.txt": "198.51.100.0/24\nrubbish\n"})
        self.addCleanup(server.__exit__)
        path = server.folder / "rblitz.toml"
        for command in ([harness.programs.rblitzd, "--check", "--config", path], [harness.programs.rblitz, "check", path]):
            done = subprocess.run(command, capture_output=True, text=True, timeout=30)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertRegex(done.stdout, r"bl\.test +serving +one, two\n")
            self.assertRegex(done.stdout, r"two +loaded +2 +1 +1 ")
            self.assertIn("two: two.txt:2: bad address 'rubbish'\n", done.stdout)
        (server.folder / "one.txt").unlink()
        done = subprocess.run([harness.programs.rblitz, "--json", "check", path], capture_output=True, text=True)
        self.assertEqual((done.returncode, json.loads(done.stdout)["ok"]), (1, False))
        self.assertRegex(done.stderr, r"rblitz: .*rblitz\.toml:6: feed\.path: .*one\.txt")

    @unittest.skipIf(os.geteuid() != 0, "only root becomes another user")
    def test_check_is_of_the_user_and_the_cores_that_the_server_will_have(self):
        server = Server(config(free_port()), FILES)
        self.addCleanup(server.__exit__)
        server.folder.chmod(0o755)
        path = server.folder / "rblitz.toml"
        text = path.read_text()
        (server.folder / "one.txt").chmod(0o600)
        for key, error in (('user = "nobody"', r"feed\.path: .*one\.txt: .*Permission denied"),
                           ('user = "no-such-user"', r"server\.user: there is no user 'no-such-user'"),
                           ("cores = [1023]", r"server\.cores: this process may not run on CPU 1023")):
            path.write_text(text.replace("[server]", f"[server]\n{key}"))
            done = subprocess.run([harness.programs.rblitzd, "--check", "--config", path], capture_output=True, text=True,
                                  timeout=30)
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertRegex(done.stderr, error)


if __name__ == "__main__":
    main()
