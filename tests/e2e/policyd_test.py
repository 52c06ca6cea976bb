#!/usr/bin/python3
"""rblitz-policyd before servers that behave well and badly, and mail servers that do not."""

import os
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import threading
import time
import unittest
from pathlib import Path

import grey
from harness import Server, free_port, inside, main, missing_for_namespaces, namespace, programs
from policy import ZONE, Dns, Policyd, code, failure, kind, record, request, truncated

DEFER = "DEFER_IF_PERMIT 4.2.0 Greylisted, try again in 287 s"
# What a busy machine may add to a promised time.
SLACK = 3
HEADER = "PREPEND X-Greylist: delayed 312 seconds by rblitz at mx.test"


def name_of(question):
    labels, at = [], 12
    while question[at]:
        labels.append(question[at + 1:at + 1 + question[at]].decode())
        at += 1 + question[at]
    return ".".join(labels)


class Decisions(unittest.TestCase):
    """What a greylist says, and what Postfix is told."""

    def start(self, behave=lambda question, _: [code(question, 4)], files=None, **keys):
        self.dns = self.enterContext(Dns(behave))
        self.policyd = self.enterContext(Policyd({"servers": [self.dns.address], **keys}, files))

    def test_codes(self):
        last = 4
        self.start(lambda question, _: [code(question, last)], block_action="REJECT blocked")
        cases = {2: HEADER, 3: "DUNNO", 4: DEFER, 5: "DUNNO", 6: "DUNNO", 7: "DUNNO", 8: "DUNNO", 9: "DUNNO", 10: "REJECT blocked", 200: "DUNNO"}
        for over_unix in (False, True):
            with self.policyd.connect(over_unix) as connection:
                for last, action in cases.items():
                    with self.subTest(code=last, over_unix=over_unix):
                        self.assertEqual(connection.ask(instance=f"{over_unix}.{last}"), action)
        counters = self.policyd.counters()
        self.assertEqual({name: counters[name] for name in ("requests", "deferred", "matured", "headers", "block_list", "other_answer")},
                         {"requests": 20, "deferred": 2, "matured": 2, "headers": 2, "block_list": 2, "other_answer": 4})

    def test_the_names_are_those_of_the_protocol(self):
        self.start(lambda question, _: [code(question, 3)])
        cases = {grey.name(ZONE, options="d"): {},
                 grey.name(ZONE, options="df"): {"policy_context": "aligned"},
                 grey.name(ZONE, "2001:db8::1", "", "Bob@Test"): {"client_address": "2001:db8::1", "sender": ""},
                 grey.name(ZONE, sender="list@lists.test", options="d"): {"sender": "list+bob=test@Lists.test", "recipient": "bob+x@test"},
                 grey.name(ZONE, sender="alice@a.test", options="d"): {"sender": "prvs=1234abcdef=Alice@a.test"}}
        for name, attributes in cases.items():
            self.assertEqual(self.policyd.ask(**attributes), "DUNNO")
            self.assertEqual(name_of(self.dns.questions[-1][1]), name, attributes)

    def test_who_is_not_asked_about(self):
        self.start(skip_null_sender=True, local=["10.0.0.0/8"], whitelist_clients="clients", whitelist_recipients=["recipients", "x.local"],
                   files={"clients": "good.test\n/^mx\\d/\n198.51.100\nbad line\n", "recipients": "postmaster@\n"})
        for attributes in ({"sasl_username": "joe"}, {"sender": ""}, {"client_address": "10.1.2.3"}, {"client_name": "a.good.test"},
                           {"client_name": "MX7.test"}, {"client_address": "198.51.100.9"}, {"recipient": "postmaster@any.test"},
                           {"recipient": ""}, {"client_address": "unknown"}, {"client_address": ""}):
            self.assertEqual(self.policyd.ask(**attributes), "DUNNO", attributes)
        self.assertEqual(self.dns.questions, [])
        self.assertEqual(self.policyd.ask(), DEFER)
        self.assertIn("event=bad_line", self.policyd.log)
        # Lists are read again when told to, and stay when that fails.
        (self.policyd.folder / "recipients").write_text("bob@test\n")
        self.policyd.process.send_signal(1)
        self.policyd.wait_for_log("event=reloaded")
        self.assertEqual(self.policyd.ask(), "DUNNO")
        (self.policyd.folder / "recipients").unlink()
        self.policyd.process.send_signal(1)
        self.policyd.wait_for_log("event=reload_error")
        self.assertEqual(self.policyd.ask(), "DUNNO")

    def test_a_mail_has_its_header_once(self):
        self.start(lambda question, _: [code(question, 2)])
        with self.policyd.connect() as connection:
            self.assertEqual([connection.ask(instance="a"), connection.ask(instance="a", recipient="c@test"),
                              connection.ask(instance="b"), connection.ask(instance="a")], [HEADER, "DUNNO", HEADER, "DUNNO"])

    def test_exim_closes_after_one_answer(self):
        self.start(exim=True)
        with self.policyd.connect() as connection:
            connection.send(request() * 3)
            self.assertEqual((connection.answer(), connection.answer()), (DEFER, None))
        with self.policyd.connect() as connection:
            connection.send(request())
            connection.socket.shutdown(1)  # as readsocket does
            self.assertEqual((connection.answer(), connection.answer()), (DEFER, None))

    def test_answers_come_in_the_order_of_requests(self):
        def behave(question, _):
            held.append(question)
            if len(held) < 40:
                return []
            random.Random(1).shuffle(held)
            return [code(one, 3 if name_of(one) in passing else 10) for one in held]
        held = []
        passing = {grey.name(ZONE, recipient=f"r{i}x@test", options="d") for i in range(0, 40, 3)}
        self.start(behave, block_action="REJECT", timeout="9s")
        with self.policyd.connect() as connection:
            connection.send(b"".join(request(recipient=f"r{i}x@test") for i in range(40)))
            self.assertEqual([connection.answer() for _ in range(40)], ["DUNNO" if i % 3 == 0 else "REJECT" for i in range(40)])


    def test_who_has_asked_before_sigterm_is_answered(self):
        go_on = threading.Event()
        self.start(lambda question, _: [code(question, 4)] if go_on.wait(60) else [], timeout="30s")
        with self.policyd.connect() as asking, self.policyd.connect() as idle:
            asking.send(request())
            self.policyd.wait_until(lambda: self.dns.questions)
            self.policyd.process.terminate()
            self.assertIsNone(idle.answer())  # at once
            with self.assertRaises(OSError):
                self.policyd.connect()
            self.assertIsNone(self.policyd.process.poll())
            go_on.set()
            self.assertEqual((asking.answer(), asking.answer()), (DEFER, None))
        self.assertEqual(self.policyd.process.wait(timeout=60), 0)

    def test_what_came_with_sigterm_is_answered(self):
        self.start()
        count = 300  # more than are taken at once
        with self.policyd.connect() as asking:
            self.assertEqual(asking.ask(), DEFER)
            self.policyd.process.send_signal(signal.SIGSTOP)
            asking.send(request() * count)
            late = self.policyd.connect()
            late.send(request())
            self.policyd.process.terminate()
            self.policyd.process.send_signal(signal.SIGCONT)
            self.assertEqual([asking.answer() for _ in range(count + 1)], [DEFER] * count + [None])
            with late:
                self.assertEqual((late.answer(), late.answer()), (DEFER, None))
        self.assertEqual(self.policyd.process.wait(timeout=60), 0)

    def test_what_has_no_answer_in_time_passes_at_the_end(self):
        self.start(lambda *_: [], timeout="300ms")
        count = 300
        with self.policyd.connect() as asking:
            asking.send(request() * count)
            self.policyd.wait_until(lambda: self.dns.questions)
            begin = time.monotonic()
            self.policyd.process.terminate()
            self.assertEqual([asking.answer() for _ in range(count + 1)], ["DUNNO"] * count + [None])
            self.assertEqual(self.policyd.process.wait(timeout=60), 0)
            self.assertLess(time.monotonic() - begin, 0.3 + 1 + SLACK)


class BadServers(unittest.TestCase):
    """Whatever servers do, mail passes within their time."""

    def ask(self, *behaviours, timeout=600, **attributes):
        """Returns the action, the seconds that it took, and the servers."""
        servers = [self.enterContext(Dns(behave)) for behave in behaviours]
        policyd = self.enterContext(Policyd({"servers": [server.address for server in servers], "timeout": f"{timeout}ms"}))
        with policyd.connect() as connection:
            begin = time.monotonic()
            action = connection.ask(**attributes)
            return action, time.monotonic() - begin, servers

    def test_silence_passes_in_time(self):
        action, seconds, servers = self.ask(lambda *_: [], lambda *_: [])
        self.assertEqual(action, "DUNNO")
        self.assertGreaterEqual(seconds, 1.15)
        self.assertLess(seconds, 2 * 0.6 + SLACK)
        self.assertEqual([[over_tcp for over_tcp, _ in server.questions] for server in servers], [[False, False, True]] * 2)

    def test_nobody_there_passes_in_time(self):
        policyd = self.enterContext(Policyd({"servers": [f"127.0.0.1:{free_port()}"], "timeout": "300ms"}))
        begin = time.monotonic()
        self.assertEqual(policyd.ask(), "DUNNO")
        self.assertLess(time.monotonic() - begin, 0.3 + SLACK)
        self.assertEqual(policyd.counters()["unanswered"], 1)

    def test_nobody_there_is_passed_over_at_once(self):
        dns = self.enterContext(Dns(lambda question, _: [code(question, 4)]))
        policyd = self.enterContext(Policyd({"servers": [f"127.0.0.1:{free_port()}", dns.address], "timeout": "20s"}))
        begin = time.monotonic()
        self.assertEqual(policyd.ask(), DEFER)
        self.assertLess(time.monotonic() - begin, SLACK)

    @unittest.skipIf(missing_for_namespaces(), missing_for_namespaces())
    def test_another_address_of_this_machine(self):
        here, there = self.enterContext(namespace()), self.enterContext(namespace())
        ip = lambda space, *words: subprocess.run(["ip", "-n", space, *words], check=True)
        ip(here, "link", "add", "one", "type", "veth", "peer", "name", "two", "netns", there)
        for space, link, address in ((here, "one", "10.9.0.2/24"), (there, "two", "10.9.0.1/24")):
            ip(space, "address", "add", address, "dev", link)
            ip(space, "link", "set", link, "up")
        with inside(there):
            dns = self.enterContext(Dns(lambda question, _: [code(question, 4)], "10.9.0.1"))
        policyd = self.enterContext(Policyd({"servers": [dns.address], "timeout": "5s"}, namespace=here))
        ask = lambda: policyd.ask(recipient=f"{time.monotonic_ns()}x@test")
        with inside(here):
            for _ in range(8):
                self.assertEqual(ask(), DEFER)
            ip(here, "address", "delete", "10.9.0.2/24", "dev", "one")
            ip(here, "address", "add", "10.9.0.3/24", "dev", "one")
            time.sleep(1)  # which it lets pass before it makes a socket again
            begin = time.monotonic()
            for _ in range(8):
                self.assertEqual(ask(), DEFER)
            self.assertLess(time.monotonic() - begin, SLACK)

    def test_the_second_server_answers_for_the_first(self):
        action, _, servers = self.ask(lambda *_: [], lambda question, _: [code(question, 4)])
        self.assertEqual(action, DEFER)
        self.assertEqual(len(servers[0].questions), 3)
        self.assertEqual([kind(question) for _, question in servers[1].questions], [1, 16])

    def test_who_cannot_answer_is_passed_over_at_once(self):
        for rcode in (1, 2, 5):
            action, seconds, _ = self.ask(lambda question, _, rcode=rcode: [failure(question, rcode)], lambda question, _: [code(question, 4)],
                                          timeout=20000)
            self.assertEqual(action, DEFER)
            self.assertLess(seconds, SLACK)

    def test_what_was_lost_or_cut_comes_all_the_same(self):
        seen = []
        second = lambda question, _: [code(question, 4)] if seen.append(0) or len(seen) > 1 else []
        self.assertEqual(self.ask(second)[0], DEFER)
        over_tcp = lambda question, over_tcp: [code(question, 4)] if over_tcp or kind(question) == 16 else []
        self.assertEqual(self.ask(over_tcp)[0], "DEFER_IF_PERMIT 4.2.0 Greylisted, try again later")  # no time for a look
        cut = lambda question, over_tcp: [code(question, 4) if over_tcp or kind(question) == 16 else truncated(question)]
        action, seconds, _ = self.ask(cut, timeout=20000)
        self.assertEqual(action, DEFER)
        self.assertLess(seconds, SLACK)

    def test_tcp_first_needs_no_tcp(self):
        keys = {"timeout": "20s", "transport": "tcp"}
        dns = self.enterContext(Dns(lambda question, _: [code(question, 4)]))
        policyd = self.enterContext(Policyd({"servers": [dns.address], **keys}))
        self.assertEqual(policyd.ask(), DEFER)
        self.assertEqual([(over_tcp, kind(question)) for over_tcp, question in dns.questions], [(True, 1), (False, 16)])
        dns = self.enterContext(Dns(lambda question, _: [code(question, 4)]))
        dns.tcp.shutdown(socket.SHUT_RDWR)  # nobody listens
        policyd = self.enterContext(Policyd({"servers": [dns.address], **keys}))
        begin = time.monotonic()
        for _ in range(3):
            self.assertIn(policyd.ask(), (DEFER, "DEFER_IF_PERMIT 4.2.0 Greylisted, try again later"))
        self.assertLess(time.monotonic() - begin, SLACK)
        self.assertNotIn(True, [over_tcp for over_tcp, _ in dns.questions])
        self.assertNotIn("event=server_down", policyd.log)

    def test_a_slow_answer_counts(self):
        def slow(question, _):
            if kind(question) == 1:
                time.sleep(1.2)  # the first server's time is over, the second's is not
            return [code(question, 4)]
        action, seconds, servers = self.ask(slow, lambda *_: [], timeout=900)
        self.assertLess(seconds, 2 * 0.9 + SLACK)
        self.assertTrue(action.startswith("DEFER_IF_PERMIT 4.2.0 Greylisted, try again"), action)
        self.assertGreater(len(servers[1].questions), 0)

    def test_garbage_is_no_answer(self):
        def garbage(question, _):
            other = bytearray(code(question, 3))
            other[14] ^= 1
            wrong_id = bytearray(code(question, 3))
            wrong_id[0] ^= 255
            return [b"", b"x", bytes(12), question, os.urandom(600), bytes(other), bytes(wrong_id), code(question, 3)[:-3]][:7]
        action, seconds, _ = self.ask(garbage)
        self.assertEqual(action, "DUNNO")
        self.assertGreaterEqual(seconds, 0.55)
        self.assertLess(seconds, 0.6 + SLACK)
        answers = lambda question, over_tcp: [*garbage(question, over_tcp), code(question, 4)]
        self.assertEqual(self.ask(answers)[0], DEFER)
        strange = lambda question, _: [record(question, 1, bytes([8, 8, 8, 8]))]
        self.assertEqual(self.ask(strange)[0], "DUNNO")

    def test_a_server_that_is_down_costs_time_no_more(self):
        servers = [self.enterContext(Dns(behave)) for behave in (lambda *_: [], lambda question, _: [code(question, 3)])]
        policyd = self.enterContext(Policyd({"servers": [server.address for server in servers], "timeout": "300ms"}))
        with policyd.connect() as connection:
            for _ in range(3):
                connection.ask()
            policyd.wait_for_log("event=server_down")
            before = len(servers[0].questions)
            for _ in range(20):
                self.assertEqual(connection.ask(), "DUNNO")
            self.assertLessEqual(len(servers[0].questions), before + 3)  # one may have tried it again


class BadClients(unittest.TestCase):
    """Who breaks the protocol is disconnected and disturbs nobody."""

    def setUp(self):
        self.dns = self.enterContext(Dns(lambda question, _: [code(question, 4)]))
        self.policyd = self.enterContext(Policyd({"servers": [self.dns.address], "text": "wait"}))

    def tearDown(self):
        self.assertEqual(self.policyd.ask(), "DEFER_IF_PERMIT 4.2.0 wait")
        self.assertEqual(self.policyd.stop(), 0)

    def test_broken_requests_are_disconnected(self):
        cases = {"nothing": b"\n", "no request": b"sender=a\n\n", "another": b"request=junk\n\n", "no equals": b"request=smtpd_access_policy\nx\n\n",
                 "NUL": request(sender="a\0b"), "HTTP": b"GET / HTTP/1.0\r\n\r\n", "long": request(helo_name="x" * 20000),
                 "behind a good one": request() + b"x\n\n"}
        for what, sent in cases.items():
            with self.subTest(what), self.policyd.connect() as connection:
                connection.send(sent)
                while (answer := connection.answer()) is not None:
                    self.assertEqual((what, answer), ("behind a good one", "DEFER_IF_PERMIT 4.2.0 wait"))
        self.assertEqual(self.policyd.counters()["broken"], len(cases))

    def test_ten_megabytes_are_not_kept(self):
        before = grey.resident_bytes(self.policyd.process)
        for sent in (b"sender=" + b"a" * 10_000_000, b"a=b\n" * 2_500_000, b"\r" * 10_000_000):
            with self.policyd.connect() as connection:
                with self.assertRaises(OSError):
                    while True:  # what is sent after the end is refused
                        connection.send(sent)
        self.assertLess(grey.resident_bytes(self.policyd.process), before + (16 << 20))

    def test_halves_and_single_bytes(self):
        with self.policyd.connect() as half, self.policyd.connect() as slow:
            half.send(request()[:50])
            for byte in request():
                slow.send(bytes([byte]))
            self.assertEqual(slow.answer(), "DEFER_IF_PERMIT 4.2.0 wait")
            half.send(request()[50:].replace(b"\n", b"\r\n"))
            self.assertEqual(half.answer(), "DEFER_IF_PERMIT 4.2.0 wait")

    def test_one_that_never_reads_is_held_up_alone(self):
        with self.policyd.connect() as deaf, self.policyd.connect() as other:
            before = grey.resident_bytes(self.policyd.process)
            deaf.socket.settimeout(0.5)
            with self.assertRaises(TimeoutError):
                while True:
                    deaf.socket.send(request(sasl_username="x") * 1000)
            for _ in range(10):
                self.assertEqual(other.ask(), "DEFER_IF_PERMIT 4.2.0 wait")
            self.assertLess(grey.resident_bytes(self.policyd.process), before + (16 << 20))
            self.assertLess(self.policyd.counters()["requests"], 10_000_000)
            # What was held back is answered once it reads.
            deaf.socket.settimeout(60)
            for _ in range(20000):
                self.assertEqual(deaf.answer(), "DUNNO")

    def test_thousands_are_idle_and_one_is_served(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        count = min(5000, hard - 200)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 5500)), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        idle = [self.policyd.connect() for _ in range(count)]
        for connection in idle:
            self.addCleanup(connection.socket.close)
        self.assertEqual(self.policyd.ask(), "DEFER_IF_PERMIT 4.2.0 wait")
        self.assertGreaterEqual(self.policyd.counters()["clients"], count)
        for connection in idle[::100]:
            self.assertEqual(connection.ask(), "DEFER_IF_PERMIT 4.2.0 wait")

    def test_the_one_idle_longest_goes_for_a_new_one(self):
        with Policyd({"servers": [self.dns.address], "connections": 3}) as policyd:
            connections = [policyd.connect() for _ in range(3)]
            policyd.wait_until(lambda: policyd.counters()["clients"] == 3)
            for connection in (connections[0], connections[2]):
                self.assertIsNotNone(connection.ask())
            connections.append(policyd.connect())
            self.assertIsNotNone(connections[3].ask())
            self.assertIsNone(connections[1].answer())
            for connection in connections:
                connection.socket.close()

    def test_noise(self):
        noise = random.Random(5)
        for _ in range(200):
            with self.policyd.connect(noise.random() < 0.5) as connection:
                sent = bytearray(request() * noise.randrange(1, 5))
                for _ in range(noise.randrange(4)):
                    sent[noise.randrange(len(sent))] = noise.choice(b"\0\n\r= a")
                try:
                    connection.send(bytes(sent[:noise.randrange(len(sent)) + 1]))
                except ConnectionError:
                    pass  # it had seen enough


class Starting(unittest.TestCase):
    def run_it(self, policyd, *arguments):
        return subprocess.run([*policyd.command(), *arguments], capture_output=True, text=True, timeout=60)

    def made(self, keys=None, **other):
        policyd = Policyd({"servers": ["127.0.0.1:1"]} | (keys or {}), **other)
        self.addCleanup(shutil.rmtree, policyd.folder, ignore_errors=True)
        return policyd

    def test_what_keeps_it_from_starting_is_said(self):
        open_key = self.made()
        (open_key.folder / "grey.key").chmod(0o640)
        fifo = self.made({"key_file": "fifo"})
        os.mkfifo(fifo.folder / "fifo", 0o600)
        cases = [(open_key, "others than its owner may read the key"), (self.made({"key_file": "absent"}), "absent: cannot read the key"),
                 (fifo, "the key must be in a regular file"), (self.made({"nonsense": 1}), "nonsense: "), (self.made({"whitelist_clients": "absent"}), "absent: cannot be read"),
                 (self.made({"user": "nobody-has-this-name"}), "there is no user")]
        if os.geteuid() == 0:
            cases += [(self.made({"user": ""}), "root does not serve strangers"), (self.made({"user": "root"}), "'root' is root")]
        for policyd, message in cases:
            for arguments in ([], ["--check"]):
                done = self.run_it(policyd, *arguments)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertRegex(done.stderr, rf"^rblitz-policyd: .*{message}")
        self.assertEqual(self.run_it(self.made(), "--check").returncode, 0)
        self.assertEqual(self.run_it(self.made(), "--nonsense").returncode, 2)

    def test_a_check_counts_bad_lines(self):
        policyd = self.made({"whitelist_clients": "clients"}, files={"clients": "192.0.2.7/24\n" + "bad line\n" * 25})
        done = self.run_it(policyd, "--check")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.count("event=bad_line"), 10)
        self.assertIn("rblitz-policyd: lists: 25 bad lines, which are passed over\n", done.stderr)
        with policyd:  # but it starts
            self.assertIn("bad_lines=25", policyd.log)

    @unittest.skipIf(os.geteuid() != 0, "not root: it reads what it may read")
    def test_a_check_sees_what_the_service_sees(self):
        policyd = self.made({"whitelist_clients": "clients"}, files={"clients": "192.0.2.7\n"})
        (policyd.folder / "clients").chmod(0o600)
        done = self.run_it(policyd, "--check")
        self.assertEqual((done.returncode, "clients: cannot be read: Permission denied" in done.stderr), (1, True), done.stderr)

    def test_a_log_that_nobody_reads_holds_nobody_up(self):
        dns = self.enterContext(Dns(lambda question, _: [code(question, 3)]))
        policyd = self.made({"servers": [dns.address], "verbose": True})
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        process = subprocess.Popen(policyd.command(), stderr=writing, stdin=subprocess.DEVNULL)
        os.close(writing)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.assertTrue(os.read(reading, 65536).startswith(b"event=started"))
        with policyd.connect() as connection:
            for _ in range(3000):  # more than a pipe holds
                self.assertEqual(connection.ask(sasl_username="x"), "DUNNO")
        read = os.read(reading, 1 << 20)
        self.assertTrue(read.startswith(b"event=request"))
        process.send_signal(signal.SIGUSR1)
        while b"event=counters" not in read or not read.endswith(b"\n"):
            read += os.read(reading, 65536)
        lost = int(read.split(b"log_lost=")[1])
        self.assertGreater(lost, 0)
        # Each line is whole, but for the one that the end of the pipe cut.
        whole = [line for line in read.splitlines() if line.startswith(b"event=request") and line.endswith(b'"')]
        self.assertLessEqual(3000 - lost, len(whole))
        self.assertLessEqual(len(whole), 3000 - lost + 1)

    def test_the_manual_names_every_counter(self):
        manual = (Path(__file__).parent.parent.parent / "docs/man/rblitz-policyd.8").read_text()
        counters = manual[manual.index(".Sh COUNTERS"):manual.index(".Sh LOGS")]
        with self.made() as policyd:
            self.assertEqual([name for name in policyd.counters() if not re.search(rf"(?m)^\.It Li (.* )?{name}( |$)", counters)], [])

    def with_passed_sockets(self, policyd, *sockets):
        """Starts it as a service manager does."""
        saved = [os.dup(listening.fileno()) for listening in sockets]
        moved = "".join(f" {3 + i}<&{number}" for i, number in enumerate(saved)) + "".join(f" {number}<&-" for number in saved)
        command = ["bash", "-c", f'LISTEN_FDS={len(sockets)} LISTEN_PID=$$ exec "$@"{moved}', "-", *map(str, policyd.command())]
        policyd.command = lambda: command
        spawn, log = subprocess.Popen, open(policyd.folder / "log", "w")
        with log:
            policyd.process = spawn(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, pass_fds=saved)
        for number in saved:
            os.close(number)
        self.addCleanup(policyd.process.wait)
        self.addCleanup(policyd.process.kill)

    def test_sockets_of_a_service_manager_are_served(self):
        with self.enterContext(socket.socket(socket.AF_UNIX)) as by_path, self.enterContext(socket.create_server(("127.0.0.1", 0))) as by_port:
            policyd = self.made({"listen": []})
            by_path.bind(str(policyd.socket))
            by_path.listen()
            policyd.socket.chmod(0o666)
            policyd.port = by_port.getsockname()[1]
            self.with_passed_sockets(policyd, by_path, by_port)
            policyd.wait_for_log("event=started")
            for over_unix in (False, True):
                with policyd.connect(over_unix) as connection:
                    self.assertEqual(connection.ask(sasl_username="x"), "DUNNO")
            policyd.process.kill()
            # Those that are configured are opened beside what is passed of them; what is not of them is a mistake.
            both = self.made()
            both.socket.unlink(missing_ok=True)
            both.port = policyd.port
            text = (both.folder / "policyd.toml").read_text()
            (both.folder / "policyd.toml").write_text(text.replace(text.split("127.0.0.1:")[1].split('"')[0], str(both.port), 1))
            self.with_passed_sockets(both, by_port)
            both.wait_for_log("event=started")
            for over_unix in (False, True):
                with both.connect(over_unix) as connection:
                    self.assertEqual(connection.ask(sasl_username="x"), "DUNNO")
            other = self.made()
            self.with_passed_sockets(other, by_path)
            self.assertEqual(other.process.wait(timeout=60), 1)
            self.assertIn(f"socket 3 of the service manager, unix:{policyd.socket}, is none of listen", other.log)

    @unittest.skipIf(os.geteuid() != 0, "not root: there is nothing to give up")
    def test_it_is_nobody_and_has_no_way_back(self):
        with self.made() as policyd:
            status = dict(line.split(":\t", 1) for line in Path(f"/proc/{policyd.process.pid}/status").read_text().splitlines()
                          if ":\t" in line)
            self.assertEqual(set(status["Uid"].split()), {"65534"})
            self.assertEqual({name: int(status["Cap" + name], 16) for name in ("Eff", "Prm", "Inh", "Amb", "Bnd")},
                             dict.fromkeys(("Eff", "Prm", "Inh", "Amb", "Bnd"), 0))
            self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))
            self.assertEqual(status["Groups"].split(), ["65534"])
            self.assertEqual(policyd.socket.stat().st_mode & 0o777, 0o666)
            self.assertEqual(policyd.stop(), 0)
            # Its socket is left behind, and the next start takes its place.
            self.assertTrue(policyd.socket.exists())
            policyd.__enter__()
            self.assertEqual(self.run_it(policyd).returncode, 1)

    def test_a_real_server_defers_and_passes(self):
        for transport in ("udp", "tcp"):
            with self.subTest(transport=transport):
                self.check_a_real_server(transport)

    def check_a_real_server(self, transport):
        port = free_port()
        config = grey.server_table(port) + grey.greylist(ZONE, delay="1s", window="1h")
        with Server(config, grey.FILES) as server, Policyd({"servers": [f"127.0.0.1:{port}"], "transport": transport}) as policyd:
            self.assertRegex(policyd.ask(), r"^DEFER_IF_PERMIT 4\.2\.0 Greylisted, try again in [01] s$")
            server.wait_until(lambda: policyd.ask().startswith("PREPEND X-Greylist: delayed "))
            self.assertEqual(policyd.ask(instance="other"), "DUNNO")
            self.assertEqual(server.json("stats")["tcp"]["accepted"], 1 if transport == "tcp" else 0)
            # As the mail server's log has the mail, and as its text says it.
            (server.folder / "grey.key").chmod(0o600)
            log = ("192.0.2.4", "prvs=1234567890=Alice+news@Example.com", "Bob+x@test")
            lookup = lambda *how: server.json("grey", "lookup", *log, *how)["why"]
            self.assertEqual((lookup(), lookup("--normal")), ("new", "known"))
            # The text comes with the code: nothing is asked for it.
            self.assertEqual(server.json("grey", "stats")["zones"][0].get("looks"), 0)
            self.assertEqual(server.stop(), 0)
            self.assertEqual(policyd.ask(sender="new@example.com"), "DUNNO")


if __name__ == "__main__":
    main()
