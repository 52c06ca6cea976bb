#!/usr/bin/python3
"""DNS over TCP (RFC 7766) and several workers on sockets, asked of rblitzd with dig, kdig and dnspython; sockets that a
service manager hands over."""

import contextlib
import os
import random
import socket
import struct
import subprocess
import sys
import unittest
from pathlib import Path

import dns.edns
import dns.flags
import dns.message
import dns.query
import dns.rcode

from harness import Server, free_port, main, programs

# An address with more texts than UDP takes, and a network for the others.
TEXTS = 250
FILES = {"big.txt": "".join(f"192.0.2.99 :127.0.0.2:{i} {'t' * 200}\n" for i in range(TEXTS)),
         "plain.txt": "198.51.100.0/24\n"}
ZONE = "bl.example.com"


def config(port, server="", addresses=("127.0.0.1", "[::1]")):
    listen = ", ".join(f'"{address}:{port}"' for address in addresses)
    return (f'[server]\nio = "kernel"\n{f"listen = [{listen}]" if addresses else ""}\nstate = "state"\n{server}\n'
            '[[feed]]\nname = "big"\npath = "big.txt"\nformat = "ip4set"\n'
            '[[feed]]\nname = "plain"\npath = "plain.txt"\nformat = "cidr"\n'
            f'[[zone]]\nname = "{ZONE}"\nfeeds = ["big", "plain"]\n')


def query(name, kind="A", **options):
    return dns.message.make_query(f"{name}.{ZONE}" if name else ZONE, kind, **options)


def framed(message):
    wire = message if isinstance(message, bytes) else message.to_wire()
    return struct.pack("!H", len(wire)) + wire


def receive_exactly(client, size):
    data = b""
    while len(data) < size:
        part = client.recv(size - len(data))
        if not part:
            return data
        data += part
    return data


def thread_names(process):
    """Of every thread, by its number."""
    return {int(task.name): (task / "comm").read_text().strip() for task in Path(f"/proc/{process.pid}/task").iterdir()}


def records(message):
    """ANCOUNT."""
    return struct.unpack_from("!H", message, 6)[0]


def receive_message(client):
    """The next answer; None when the server has closed the connection."""
    length = receive_exactly(client, 2)
    return receive_exactly(client, struct.unpack("!H", length)[0]) if len(length) == 2 else None


class Tcp(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.port = free_port()
        cls.server = cls.enterClassContext(Server(config(cls.port, "workers = 2"), FILES))

    def connect(self, address="127.0.0.1"):
        client = socket.create_connection((address, self.port), timeout=30)
        self.addCleanup(client.close)
        return client

    def closed(self, reason):
        return self.server.json("stats")["tcp"]["closed"][reason]

    def test_what_udp_cuts_is_whole_over_tcp(self):
        for edns in (-1, 0):
            question = query("99.2.0.192", "TXT", use_edns=edns)
            cut = dns.query.udp(question, "127.0.0.1", port=self.port, timeout=30)
            self.assertTrue(cut.flags & dns.flags.TC)
            self.assertLess(len(cut.answer[0]), 20)
            for address in ("127.0.0.1", "::1"):
                whole = dns.query.tcp(question, address, port=self.port, timeout=30)
                self.assertFalse(whole.flags & dns.flags.TC)
                self.assertEqual(len(whole.answer[0]), TEXTS)
                self.assertEqual(whole.edns, edns)

    def test_edns_over_tcp_is_as_the_compliance_test_wants_it(self):
        # `ednstcp` of ISC's compliance test, whose size of 512 is about UDP alone, and its other questions with EDNS (RFC 8906
        # section 3.2.7).
        unknown = [dns.edns.GenericOption(100, b"")]
        noerror, badvers = dns.rcode.NOERROR, dns.rcode.BADVERS
        for name, version, options, rcode, answers in (
                ("tcp", None, {}, noerror, TEXTS), ("ednstcp", 0, {"payload": 512, "ednsflags": dns.flags.DO}, noerror, TEXTS),
                ("edns@0tcp", 0, {"payload": 0}, noerror, TEXTS), ("ednsopt", 0, {"options": unknown}, noerror, TEXTS),
                ("ednsflags", 0, {"ednsflags": 0x0080}, noerror, TEXTS), ("edns1", 1, {}, badvers, 0),
                ("edns1opt", 1, {"options": unknown}, badvers, 0), ("edns1do", 1, {"ednsflags": dns.flags.DO}, badvers, 0)):
            question = query("99.2.0.192", "TXT")
            question.use_edns(version, **options)
            for address in ("127.0.0.1", "::1"):
                with self.subTest(name=name, address=address):
                    answer = dns.query.tcp(question, address, port=self.port, timeout=30)
                    self.assertEqual((answer.rcode(), sum(map(len, answer.answer))), (rcode, answers))
                    self.assertFalse(answer.flags & dns.flags.TC)
                    self.assertEqual(bool(answer.flags & dns.flags.AA), rcode == noerror)
                    if version is None:
                        self.assertEqual(answer.edns, -1)
                        continue
                    self.assertEqual((answer.edns, answer.payload, answer.options), (0, 1232, ()))
                    self.assertEqual(answer.ednsflags & 0xffff, question.ednsflags & dns.flags.DO)
        # What cannot be answered gets its OPT, too.
        unknown_opcode, two = query("99.2.0.192", use_edns=0), bytearray(query("99.2.0.192", use_edns=0).to_wire())
        unknown_opcode.set_opcode(15)
        two += two[-11:]
        two[11] = 2
        for wire, rcode in ((unknown_opcode, dns.rcode.NOTIMP), (bytes(two), dns.rcode.FORMERR)):
            client = self.connect()
            client.sendall(framed(wire))
            answer = receive_message(client)
            self.assertEqual((answer[3] & 15, answer[11]), (rcode, 1))

    def test_both_transports_agree(self):
        for name, kind in (("1.100.51.198", "A"), ("1.100.51.198", "TXT"), ("8.8.8.8", "A"), ("", "SOA"), ("", "NS"),
                           ("2.0.0.127", "A"), ("100.51.198", "A"), ("", "AXFR"), ("", "IXFR"), ("99.2.0.192", "ANY")):
            for edns in (-1, 0):
                wire = query(name, kind, use_edns=edns).to_wire()
                with self.subTest(name=name, kind=kind, edns=edns):
                    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
                        udp.settimeout(30)
                        udp.sendto(wire, ("127.0.0.1", self.port))
                        expected = udp.recv(65536)
                    client = self.connect()
                    client.sendall(framed(wire))
                    self.assertEqual(receive_message(client), expected)
                    if kind.endswith("XFR"):
                        self.assertEqual(dns.message.from_wire(expected).rcode(), dns.rcode.REFUSED)

    def test_pipelined_questions_are_answered_in_order(self):
        names = [f"{i % 256}.{100 + i % 2}.51.198" for i in range(300)]
        questions = [query(name, use_edns=i % 3 - 1 if i % 3 < 2 else 0) for i, name in enumerate(names)]
        client = self.connect("::1")
        client.sendall(b"".join(framed(question) for question in questions))
        for name, question in zip(names, questions):
            answer = dns.message.from_wire(receive_message(client))
            self.assertTrue(question.is_response(answer))
            self.assertEqual(answer.rcode(), dns.rcode.NOERROR if ".100.51" in name else dns.rcode.NXDOMAIN)

    def test_questions_may_come_byte_by_byte_and_the_client_may_shut_its_side_down(self):
        client = self.connect()
        for byte in framed(query("1.100.51.198")):
            client.sendall(bytes([byte]))
        client.sendall(framed(query("99.2.0.192", "TXT")) * 3)
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(records(receive_message(client)), 1)
        for _ in range(3):
            self.assertEqual(records(receive_message(client)), TEXTS)
        self.assertIsNone(receive_message(client))

    def test_what_is_no_question_ends_the_connection_and_is_counted(self):
        response = bytearray(query("1.100.51.198").to_wire())
        response[2] |= 0x80
        for bad, reason in ((b"\0\0", "empty"), (b"\xff\xff", "too_long"), (framed(b"short"), "unanswered"),
                            (framed(bytes(response)), "unanswered")):
            with self.subTest(reason=reason):
                before = self.closed(reason)
                client = self.connect()
                client.sendall(framed(query("1.100.51.198")) + bad)
                self.assertEqual(records(receive_message(client)), 1)
                self.assertIsNone(receive_message(client))
                self.server.wait_until(lambda: self.closed(reason) == before + 1)
        broken = bytearray(query("1.100.51.198").to_wire())
        broken[5] = 2
        client = self.connect()
        client.sendall(framed(bytes(broken)))
        self.assertEqual(receive_message(client)[3] & 15, dns.rcode.FORMERR)

    def test_a_client_that_does_not_read_holds_up_nobody(self):
        slow = self.connect()
        slow.sendall(framed(query("99.2.0.192", "TXT")) * 200)
        for _ in range(20):
            answer = dns.query.tcp(query("1.100.51.198"), "127.0.0.1", port=self.port, timeout=30)
            self.assertEqual(answer.rcode(), dns.rcode.NOERROR)
        for _ in range(200):
            self.assertEqual(records(receive_message(slow)), TEXTS)

    def test_mutated_streams_harm_nobody(self):
        generator = random.Random(7766)
        for _ in range(200):
            stream = bytearray(b"".join(framed(query("1.100.51.198", generator.choice(("A", "TXT", "ANY"))))
                                        for _ in range(5)))
            for _ in range(generator.randrange(6)):
                stream[generator.randrange(len(stream))] = generator.randrange(256)
            client = self.connect()
            client.sendall(stream[:generator.randrange(len(stream))])
            client.close()
        self.assertEqual(dns.query.tcp(query("1.100.51.198"), "::1", port=self.port, timeout=30).rcode(), 0)
        self.server.wait_until(lambda: self.server.json("stats")["tcp"]["open"] == 0)
        self.server.check_sums(self)

    def test_dig_and_kdig_agree(self):
        dig = subprocess.run(["dig", "@127.0.0.1", "-p", str(self.port), "+tcp", f"99.2.0.192.{ZONE}", "TXT"],
                             capture_output=True, text=True, timeout=60).stdout
        self.assertTrue(f"ANSWER: {TEXTS}," in dig, dig[:500])
        self.assertTrue("(TCP)" in dig, dig[-500:])
        # dig asks again over TCP by itself.
        again = subprocess.run(["dig", "@::1", "-p", str(self.port), f"99.2.0.192.{ZONE}", "TXT"], capture_output=True,
                               text=True, timeout=60).stdout
        self.assertTrue("Truncated, retrying in TCP mode" in again, again[:500])
        accepted = self.server.json("stats")["tcp"]["accepted"]
        kdig = subprocess.run(["kdig", "@127.0.0.1", "-p", str(self.port), "+tcp", "+keepopen", f"1.100.51.198.{ZONE}", "A",
                               f"99.2.0.192.{ZONE}", "TXT", ZONE, "SOA", f"8.8.8.8.{ZONE}", "A"],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(kdig.returncode, 0, kdig.stderr)
        self.assertEqual([kdig.stdout.count(f"status: {rcode}") for rcode in ("NOERROR", "NXDOMAIN")], [3, 1])
        self.assertEqual(self.server.json("stats")["tcp"]["accepted"], accepted + 1)

    def test_workers_share_the_clients_of_udp_and_status_tells_the_sockets(self):
        before = self.server.json("stats")["answered"]
        for address, family in (("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)):
            for _ in range(100):
                with socket.socket(family, socket.SOCK_DGRAM) as client:
                    client.settimeout(30)
                    client.connect((address, self.port))
                    client.send(query("1.100.51.198").to_wire())
                    self.assertEqual(dns.message.from_wire(client.recv(65536)).rcode(), dns.rcode.NOERROR)
        self.server.wait_until(lambda: self.server.json("stats")["answered"] >= before + 200)
        status = self.server.json("status")
        self.assertEqual(status["workers"], 2)
        both = [f"127.0.0.1:{self.port}", f"[::1]:{self.port}"]
        self.assertEqual([(s["address"], s["protocol"], s.get("worker")) for s in status["sockets"]],
                         [(address, "udp", worker) for worker in (0, 1) for address in both] +
                         [(address, "tcp", None) for address in both])
        text = self.server.rblitz("status").stdout
        self.assertIn(f"listen UDP: {', '.join(both)}\nlisten TCP: {', '.join(both)}, ", text)
        names = list(thread_names(self.server.process).values())
        self.assertEqual((names.count("socket"), names.count("tcp")), (2, 1))
        self.assertEqual([worker["io"] for worker in self.server.json("stats")["workers"]], ["kernel", "kernel", "tcp"])


class Limits(unittest.TestCase):
    def test_connections_in_all_and_of_a_source_have_their_limits(self):
        port = free_port()
        keys = 'tcp_connections = 3\ntcp_per_source = 2\ntcp_idle = "1h"'
        with Server(config(port, keys), FILES) as server:
            closed = lambda reason: server.json("stats")["tcp"]["closed"][reason]
            connect = lambda source: socket.create_connection(("127.0.0.1", port), timeout=30, source_address=(source, 0))
            with connect("127.0.0.5"), connect("127.0.0.5"):
                # A connection over the limit is reset at once, perhaps before connect() has returned.
                with contextlib.suppress(ConnectionResetError):
                    connect("127.0.0.5").close()
                server.wait_until(lambda: closed("source_limit") == 1)
            server.wait_until(lambda: server.json("stats")["tcp"]["open"] == 0)
            clients = [connect(f"127.0.0.{10 + i}") for i in range(4)]
            server.wait_until(lambda: closed("evicted") == 1)
            for client in clients:
                client.close()

    def test_an_idle_connection_is_closed_in_time(self):
        port = free_port()
        with Server(config(port, 'tcp_idle = "1s"'), FILES) as server:
            with socket.create_connection(("127.0.0.1", port), timeout=30) as idle:
                self.assertIsNone(receive_message(idle))
            self.assertEqual(server.json("stats")["tcp"]["closed"]["idle"], 1)

    def test_without_connections_there_is_no_tcp(self):
        port = free_port()
        with Server(config(port, "tcp_connections = 0"), FILES) as server:
            with self.assertRaises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port), timeout=30)
            self.assertIsNone(server.json("status")["tcp"])
            self.assertNotIn("TCP", server.rblitz("status").stdout)

    def test_workers_are_pinned_to_their_cores(self):
        core = max(os.sched_getaffinity(0))
        with Server(config(free_port(), f"workers = 1\ncores = [{core}]"), FILES) as server:
            workers = [task for task, name in thread_names(server.process).items() if name == "socket"]
            self.assertEqual([os.sched_getaffinity(task) for task in workers], [{core}])

    def test_an_address_in_use_exits_1_and_says_so(self):
        for kind, what in ((socket.SOCK_DGRAM, "cannot bind"), (socket.SOCK_STREAM, "cannot bind TCP")):
            port = free_port()
            with socket.socket(socket.AF_INET, kind) as holder:
                holder.bind(("127.0.0.1", port))
                if kind == socket.SOCK_STREAM:
                    holder.listen()
                for workers in (1, 2):
                    server = Server(config(port, f"workers = {workers}"), FILES)
                    self.addCleanup(server.__exit__)
                    with self.assertRaisesRegex(AssertionError,
                                                rf"(?s)\(1\).*rblitzd: 127.0.0.1:{port}: {what}: Address already in use"):
                        server.start()


class Activation(unittest.TestCase):
    """A parent that does what systemd does: the sockets are descriptors 3 and up, LISTEN_PID is the child's."""

    def start(self, server, sockets, names="", wait_for="event=started"):
        fds = [s.fileno() for s in sockets]
        command = [str(programs.rblitzd), "--config", str(server.folder / "rblitz.toml"), "--control", str(server.control)]
        child = ("import fcntl, os, sys\n"
                 f"fds = [fcntl.fcntl(fd, fcntl.F_DUPFD, 100) for fd in {fds}]\n"
                 "for at, fd in enumerate(fds): os.dup2(fd, 3 + at, inheritable=True)\n"
                 "os.closerange(3 + len(fds), 200)\n"
                 f"os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='{len(fds)}', LISTEN_FDNAMES='{names}')\n"
                 "os.execv(sys.argv[1], sys.argv[1:])\n")
        with open(server.folder / "log", "w") as log:
            server.process = subprocess.Popen([sys.executable, "-c", child, *command], stdout=log, stderr=log,
                                              stdin=subprocess.DEVNULL, pass_fds=fds)
        self.addCleanup(server.__exit__)
        server.wait_for_log(wait_for)

    def bound(self, kind, port, address="127.0.0.1", listening=True):
        made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
        self.addCleanup(made.close)
        made.bind((address, port))
        if kind == socket.SOCK_STREAM and listening:
            made.listen()
        return made

    def assert_answers(self, port, address="127.0.0.1"):
        for ask in (dns.query.udp, dns.query.tcp):
            answer = ask(query("1.100.51.198"), address, port=port, timeout=30)
            self.assertEqual(answer.rcode(), dns.rcode.NOERROR)

    def test_sockets_that_are_passed_are_served_without_listen(self):
        for workers in (1, 2):
            port = free_port()
            server = Server(config(port, f"workers = {workers}", addresses=()), FILES)
            sockets = [self.bound(socket.SOCK_DGRAM, port), self.bound(socket.SOCK_STREAM, port)]
            self.start(server, sockets, "udp:tcp")
            self.assert_answers(port)
            status = server.json("status")
            self.assertEqual({(s["address"], s["protocol"]) for s in status["sockets"]},
                             {(f"127.0.0.1:{port}", "udp"), (f"127.0.0.1:{port}", "tcp")})
            self.assertEqual(server.rblitz("reload").returncode, 0, server.log)
            self.assert_answers(port)
            self.assertEqual(server.stop(), 0)

    def test_those_of_listen_are_matched_and_the_others_are_opened(self):
        port = free_port()
        server = Server(config(port), FILES)
        self.start(server, [self.bound(socket.SOCK_STREAM, port, "::1"), self.bound(socket.SOCK_DGRAM, port)])
        self.assert_answers(port)
        self.assert_answers(port, "::1")

    def test_wrong_sockets_are_told_by_name(self):
        port, other = free_port(), free_port()
        file = open(os.devnull)
        self.addCleanup(file.close)
        for bad, what in ((self.bound(socket.SOCK_DGRAM, other), rf", UDP 127.0.0.1:{other}, is none of server.listen"),
                          (self.bound(socket.SOCK_STREAM, other, listening=False), " does not listen"),
                          (file, " is no socket")):
            server = Server(config(port), FILES)
            with self.assertRaisesRegex(AssertionError,
                                        rf"(?s)\(1\).*rblitzd: socket 4 \(bad\) of the service manager{what}"):
                self.start(server, [self.bound(socket.SOCK_DGRAM, port), bad], "good:bad")
            port = free_port()

    def test_sockets_of_another_process_are_left_alone(self):
        port = free_port()
        server = Server(config(port), FILES)
        self.addCleanup(server.__exit__)
        os.environ.update(LISTEN_PID="1", LISTEN_FDS="2")
        self.addCleanup(lambda: [os.environ.pop(key) for key in ("LISTEN_PID", "LISTEN_FDS")])
        server.start()
        self.assert_answers(port)


if __name__ == "__main__":
    main()
