#!/usr/bin/python3
"""kernel_port: TCP and other UDP reach the host's kernel through a DPDK port that answers DNS meanwhile, and workers make no
system call for it."""

import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time
import unittest
from pathlib import Path

import dns.message
import dns.query

import harness
from harness import (ONE_LIST, Server, disable_checksum_offload, dpdk_tables, inside, main, missing_for_namespaces, namespace)

FILES = {"list.txt": "192.0.2.1\n198.51.100.0/24\n"}
CLIENT, PORT = "10.54.0.1", "10.54.0.53"
CLIENT6, PORT6 = "fd54::1", "fd54::53"
QUESTIONS_PER_SECOND = 50000


def config(vdev, extra="", addresses=(f"{PORT}/24",)):
    return dpdk_tables([vdev], [addresses], mbufs=16384, dpdk=f'kernel_port = "rbk0"\n{extra}') + ONE_LIST


def run(*command):
    subprocess.run(command, check=True)


def connect(client_space, server_space):
    """A veth pair between the two; the kernel of the server's side leaves what arrives to the port."""
    run("ip", "-n", client_space, "link", "add", "client0", "type", "veth", "peer", "name", "port0", "netns", server_space)
    with inside(client_space):
        disable_checksum_offload("client0")
    run("ip", "-n", client_space, "address", "add", f"{CLIENT}/24", "dev", "client0")
    run("ip", "-n", client_space, "link", "set", "client0", "up")
    run("ip", "-n", server_space, "link", "set", "port0", "up")
    rules = "add table netdev rblitz; add chain netdev rblitz port0 { type filter hook ingress device port0 priority 0; policy drop; }"
    run("ip", "netns", "exec", server_space, "nft", rules)


class LineEcho:
    """Says each line again, in capitals; as a session of a shell would go."""

    def __init__(self, space):
        with inside(space):
            self.listener = socket.create_server((PORT, 22))
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                connection, self.client = self.listener.accept()
            except OSError:  # closed
                return
            with connection, connection.makefile("rwb") as stream:
                for line in stream:
                    stream.write(line.upper())
                    stream.flush()

    def close(self):
        self.listener.close()


def missing():
    return missing_for_namespaces() or ("" if shutil.which("nft") else "the program nft is missing")


@unittest.skipIf(missing(), missing())
class KernelPort(unittest.TestCase):
    def start(self, make_server_config):
        client, server_space = self.enterContext(namespace()), self.enterContext(namespace())
        connect(client, server_space)
        server = self.enterContext(Server(make_server_config, FILES, server_space))
        return client, server_space, server

    def lines(self, client, seconds):
        """Lines that came back right from the echo while there was time; at least one."""
        with inside(client):
            connection = socket.create_connection((PORT, 22), timeout=30)
        end, count = time.monotonic() + seconds, 0
        with connection, connection.makefile("rwb") as stream:
            while count == 0 or time.monotonic() < end:
                line = f"line {count} {'x' * (count * 37 % 4000)}\n".encode()
                stream.write(line)
                stream.flush()
                self.assertEqual(stream.readline(), line.upper())
                count += 1
        return count

    def test_a_session_goes_on_while_questions_are_answered(self):
        client, server_space, server = self.start(config("net_af_packet0,iface=port0"))
        echo = LineEcho(server_space)
        self.addCleanup(echo.close)
        self.assertGreaterEqual(self.lines(client, 0), 1)
        self.assertEqual(echo.client[0], CLIENT)
        self.assertIn("rbk0", server.rblitz("status").stdout)
        (server.folder / "listed").write_text("192.0.2.1\n198.51.100.0/24\n")
        command = ["ip", "netns", "exec", client, harness.programs.check_client, "--server", f"{PORT}:53", "--zone", "bl.test",
                   "--listed", server.folder / "listed", "--rate", str(QUESTIONS_PER_SECOND), "--seconds", "3", "--json"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as asking:
            lines = self.lines(client, 2)
            counts = json.loads(asking.communicate(timeout=60)[0])
        self.assertEqual(counts["wrong"], 0, counts)
        self.assertGreater(counts["answered"], 1000, counts)
        print(f"{lines} lines, {counts['queries_per_second']:.0f} questions/s, {counts['lost']} lost", flush=True)
        stats = server.check_sums(self)
        kernel = stats["ports"][0]["kernel"]
        self.assertGreater(stats["to_kernel"], lines)
        self.assertEqual(kernel["to_kernel"], stats["to_kernel"])
        self.assertGreater(kernel["from_kernel"], lines)
        self.assertEqual(server.stop(), 0)
        links = subprocess.run(["ip", "-n", server_space, "-o", "link"], capture_output=True, text=True, check=True).stdout
        self.assertNotIn("rbk0", links)

    def test_other_udp_goes_both_ways_and_questions_stay_out(self):
        client, server_space, server = self.start(config("net_af_packet0,iface=port0"))
        with inside(server_space):
            ours = self.enterContext(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            ours.bind((PORT, 53))  # would get questions that strayed
            ours.settimeout(0.3)
            other = self.enterContext(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            other.bind((PORT, 5353))
            other.settimeout(30)
        with inside(client):
            for _ in range(3):
                answer = dns.query.udp(dns.message.make_query("1.2.0.192.bl.test", "A"), PORT, timeout=30)
                self.assertEqual(answer.answer[0][0].to_text(), "127.0.0.2")
            theirs = self.enterContext(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        theirs.settimeout(30)
        theirs.sendto(b"to the kernel", (PORT, 5353))
        data, source = other.recvfrom(100)
        self.assertEqual((data, source[0]), (b"to the kernel", CLIENT))
        other.sendto(b"and back", source)
        self.assertEqual(theirs.recvfrom(100), (b"and back", (PORT, 5353)))
        with self.assertRaises(TimeoutError):
            ours.recv(100)
        self.assertEqual(server.check_sums(self)["dropped"]["other_port"], 0)

    def add_address(self, space, device, address):
        run("ip", "-n", space, "address", "add", address, "dev", device, "nodad")

    @unittest.skipIf(len(os.sched_getaffinity(0)) < 2, "there is one CPU, and two workers want two")
    def test_the_kernel_side_is_that_of_whichever_worker_has_the_port(self):
        client, server_space = self.enterContext(namespace()), self.enterContext(namespace())
        connect(client, server_space)
        run("ip", "-n", server_space, "link", "add", "spare0", "type", "veth", "peer", "name", "spare1")
        for device in ("spare0", "spare1"):
            run("ip", "-n", server_space, "link", "set", device, "up")
        text = config("net_af_packet0,iface=spare0").replace('io = "dpdk"', 'io = "dpdk"\nworkers = 2').replace(
            'iface=spare0"', 'iface=spare0", "--vdev=net_af_packet1,iface=port0"').replace('kernel_port = "rbk0"', "")
        text = re.sub("ports = .*", f'ports = [ {{ port = 0, addresses = ["10.55.0.53/24"] }}, '
                                    f'{{ port = 1, addresses = ["{PORT}/24"], kernel_port = "rbk0" }} ]', text)
        server = self.enterContext(Server(text, FILES, server_space))
        echo = LineEcho(server_space)
        self.addCleanup(echo.close)
        self.assertGreaterEqual(self.lines(client, 0), 1)
        with inside(client):
            self.assertEqual(len(dns.query.udp(dns.message.make_query("1.2.0.192.bl.test", "A"), PORT, timeout=30).answer), 1)
        self.assertEqual([worker["answered"] for worker in server.check_sums(self)["workers"]][:2], [0, 1])

    def test_ip6_that_only_the_kernel_has_goes_both_ways(self):
        client, server_space, server = self.start(config("net_af_packet0,iface=port0"))
        self.add_address(client, "client0", f"{CLIENT6}/64")
        self.add_address(server_space, "rbk0", f"{PORT6}/64")  # as from a router's advertisement
        with inside(server_space):
            listener = self.enterContext(socket.create_server((PORT6, 22), family=socket.AF_INET6))
            listener.settimeout(30)
        with inside(client):
            theirs = self.enterContext(socket.create_connection((PORT6, 22), timeout=30))
        ours, source = listener.accept()
        with ours:
            self.assertEqual(source[0], CLIENT6)
            ours.sendall(b"over IPv6")
            self.assertEqual(theirs.recv(100), b"over IPv6")
        self.assertEqual(server.check_sums(self)["dropped"]["other_ethertype"], 0)

    def test_a_link_local_address_takes_tcp_too(self):
        own = "fe80::53"
        client, _, server = self.start(config("net_af_packet0,iface=port0", addresses=(f"{PORT}/24", f"{own}/64")))
        self.assertIn(f"[{own}%rbk0]:53", server.rblitz("status").stdout)
        self.add_address(client, "client0", "fe80::1/64")
        query = dns.message.make_query("1.2.0.192.bl.test", "A")
        for ask in (dns.query.udp, dns.query.tcp):
            with inside(client):
                answer = ask(query, f"{own}%client0", timeout=30)
            self.assertEqual(answer.answer[0][0].to_text(), "127.0.0.2")
        self.assertEqual(server.stop(), 0)

    def test_it_works_for_a_user_without_privileges(self):
        import pwd
        try:
            pwd.getpwnam("nobody")
        except KeyError:
            self.skipTest("there is no user nobody")
        text = config("net_af_packet0,iface=port0").replace('state = "state"', 'state = "state"\nuser = "nobody"')
        client, server_space = self.enterContext(namespace()), self.enterContext(namespace())
        connect(client, server_space)
        server = Server(text, FILES, server_space)
        server.folder.chmod(0o755)
        self.enterContext(server)
        status = Path(f"/proc/{server.process.pid}/status").read_text()
        self.assertRegex(status, rf"(?m)^Uid:\t{pwd.getpwnam('nobody').pw_uid}\t")
        echo = LineEcho(server_space)
        self.addCleanup(echo.close)
        self.assertGreaterEqual(self.lines(client, 0), 1)

    def test_a_kernel_that_goes_on_sending_to_a_wire_that_is_gone_stops_nobody(self):
        client, server_space, server = self.start(config("net_af_packet0,iface=port0"))
        server.wait_until(lambda: server.json("status")["ports"][0]["link_up"])
        run("ip", "-n", server_space, "neighbor", "add", CLIENT, "lladdr", "02:00:00:00:00:01", "dev", "rbk0")
        run("ip", "-n", client, "link", "delete", "client0")
        with inside(server_space):
            sender = self.enterContext(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))

        def passed():
            for _ in range(100):  # more than the driver's ring has room for, in all
                sender.sendto(b"x", (CLIENT, 9))
            kernel = server.json("stats")["ports"][0]["kernel"]
            return kernel["from_kernel"] + kernel["from_kernel_unsent"] > 3000

        server.wait_until(passed)
        self.assertEqual(server.stop(), 0)

    def test_a_name_that_is_taken_is_not_taken_over(self):
        with namespace() as space:
            run("ip", "-n", space, "tuntap", "add", "dev", "rbk0", "mode", "tap")
            server = Server(config("net_null0"), FILES, space)
            self.addCleanup(server.__exit__)
            with self.assertRaisesRegex(AssertionError, r"(?s)rblitzd \(1\).*kernel_port rbk0: cannot make it: "):
                server.start()

    def frames(self, mac):
        """A capture with questions and TCP, as pcap."""
        from scapy.layers.inet import IP, TCP, UDP
        from scapy.layers.l2 import Ether
        from scapy.packet import Raw
        from scapy.utils import wrpcap
        query = dns.message.make_query("1.2.0.192.bl.test", "A").to_wire()
        head = Ether(src="02:00:00:00:00:01", dst=mac) / IP(src=CLIENT, dst=PORT)
        return [head / UDP(sport=1024 + i, dport=53) / Raw(query) for i in range(63)] + [head / TCP(sport=9, dport=22)], wrpcap

    @unittest.skipIf(shutil.which("strace") is None, "the program strace is missing")
    def test_a_worker_makes_no_system_call(self):
        text = config("net_pcap0,rx_pcap=in.pcap,infinite_rx=1")
        with namespace() as space:
            server = Server(text, FILES, space)
            self.addCleanup(server.__exit__)
            frames, wrpcap = self.frames("02:70:63:61:70:00")
            wrpcap(str(server.folder / "in.pcap"), frames)
            server.write("rblitz.toml", text.replace("in.pcap", str(server.folder / "in.pcap")))
            server.start()
            tasks = {task.joinpath("comm").read_text().strip(): int(task.name)
                     for task in Path(f"/proc/{server.process.pid}/task").iterdir()}
            worker = next(thread for name, thread in tasks.items() if "worker" in name)
            received = server.json("stats")["received"]
            calls = {name: self.calls_of(thread) for name, thread in (("worker", worker), ("kernel", tasks["kernel-port"]))}
            stats = server.json("stats")
            self.assertGreater(stats["received"], received + 10000, "there was no load")
            self.assertGreater(stats["to_kernel"], 0)
            self.assertEqual(calls["worker"], set())
            self.assertIn("write", calls["kernel"])  # the same measurement finds what there is
            self.assertEqual(server.stop(), 0)

    def calls_of(self, thread):
        """Names of the system calls that a thread makes in a second."""
        tracing = subprocess.Popen(["strace", "-c", "-p", str(thread)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            first = tracing.stderr.readline()
            if "not permitted" in first:
                self.skipTest("strace may not trace here")
            self.assertIn("attached", first)
            time.sleep(1)
        finally:
            tracing.send_signal(2)
            rest = tracing.communicate(timeout=30)[1]
        return set(re.findall(r"(?m)^ *[0-9.]+ +[0-9.]+ +[0-9]+ +[0-9]+ +(?:[0-9]+ +)?([a-z]\w*)$", rest)) - {"total"}


if __name__ == "__main__":
    main()
