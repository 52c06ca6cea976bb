#!/usr/bin/python3
"""rblitzd on DPDK ports in network namespaces of the test's own: net_tap, and net_af_packet on a veth pair."""

import contextlib
import os
import re
import socket
import struct
import subprocess
import time
import unittest
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rcode

from harness import (ONE_LIST, Server, disable_checksum_offload, dpdk_tables, endless_feed, free_port, inside, main,
                     missing_for_namespaces, namespace)

ETHERTYPE_ARP = 0x0806
ETHERTYPE_ALL = 0x0003
FILES = {"list.txt": "192.0.2.1\n198.51.100.0/24\n"}


def config(vdev, address, extra=""):
    return dpdk_tables([vdev], [[f"{address}/24"]], server=extra) + ONE_LIST


def is_answered(client, is_right):
    """Whether a packet comes that is right, in time."""
    with contextlib.suppress(socket.timeout):
        while True:
            if is_right(client.recv(65536)):
                return True
    return False


def ping(address, payload=b"how fast?", count=3):
    """The number of right echo replies to `count` requests (RFC 792)."""
    replies = 0
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as client:
        client.settimeout(2)
        for sequence in range(count):
            head = struct.pack("!BBHHH", 8, 0, 0, 4711, sequence)
            padded = head + payload + b"\0" * (len(payload) % 2)
            total = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
            total = (total >> 16) + (total & 0xffff)
            checksum = ~(total + (total >> 16)) & 0xffff
            client.sendto(struct.pack("!BBHHH", 8, 0, checksum, 4711, sequence) + payload, (address, 0))
            message = lambda packet: packet[(packet[0] & 15) * 4:]
            replies += is_answered(client, lambda packet: message(packet)[:2] == b"\0\0" and
                                   message(packet)[4:] == head[4:] + payload)
    return replies


def arping(interface, source, target):
    """The MAC that answers for `target`; None when nobody does."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETHERTYPE_ARP)) as link:
        link.bind((interface, ETHERTYPE_ARP))
        link.settimeout(0.5)
        mac = link.getsockname()[4]
        request = struct.pack("!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 1, mac, socket.inet_aton(source), bytes(6),
                              socket.inet_aton(target))
        for _ in range(4):
            link.send(b"\xff" * 6 + mac + struct.pack("!H", ETHERTYPE_ARP) + request)
            try:
                while True:
                    answer = link.recv(2048)[14:]
                    if answer[6:8] == b"\0\2" and answer[14:18] == socket.inet_aton(target):
                        return answer[8:14].hex(":")
            except socket.timeout:
                pass
    return None


def ping6(address, scope=0, count=3):
    """The number of right echo replies over IPv6 (RFC 4443); the kernel fills in and checks the checksums."""
    replies = 0
    with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as client:
        client.settimeout(2)
        for sequence in range(count):
            rest = struct.pack("!HH", 4711, sequence) + bytes(range(200))
            client.sendto(b"\x80\0\0\0" + rest, (address, 0, 0, scope))
            replies += is_answered(client, lambda message: message[:2] == b"\x81\0" and message[4:] == rest)
    return replies


def exchange(interface, frame, is_answer):
    """The answer to a frame as scapy built it; sent again while there is none."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETHERTYPE_ALL)) as link:
        link.bind((interface, ETHERTYPE_ALL))
        # Else the kernel takes the tag off and tells of it beside the frame.
        link.setsockopt(263, 8, 1)  # SOL_PACKET, PACKET_AUXDATA
        link.settimeout(2)
        for _ in range(4):
            link.send(bytes(frame))
            try:
                while True:
                    data, ancillary, _, source = link.recvmsg(2048, 256)
                    if source[2] != socket.PACKET_OUTGOING and is_answer(data):
                        return data, ancillary
            except socket.timeout:
                pass
    return None, []


@unittest.skipIf(missing_for_namespaces(), missing_for_namespaces())
class Ports(unittest.TestCase):
    def address(self, space, *words):
        subprocess.run(["ip", "-n", space, *words], check=True)

    def ask(self, space, server, name, kind="A", **options):
        with inside(space):
            return dns.query.udp(dns.message.make_query(name, kind, **options), server, timeout=5)

    def threads(self, server):
        """Its threads by name."""
        tasks = Path(f"/proc/{server.process.pid}/task").iterdir()
        return {task.joinpath("comm").read_text().strip(): int(task.name) for task in tasks}

    def check_serving(self, space, server, interface, own, port):
        """Everything that one port must do, asked from `own` on `interface`."""
        self.assertEqual(self.ask(space, port, "1.2.0.192.bl.test").answer[0][0].to_text(), "127.0.0.2")
        self.assertEqual(self.ask(space, port, "2.2.0.192.bl.test").rcode(), dns.rcode.NXDOMAIN)
        self.assertEqual(self.ask(space, port, "1.2.0.192.bl.test", use_edns=0).payload, 1232)
        self.assertEqual(self.ask(space, port, "1.2.0.192.other").rcode(), dns.rcode.REFUSED)
        dig = subprocess.run(["ip", "netns", "exec", space, "dig", f"@{port}", "+short", "7.100.51.198.bl.test"],
                             capture_output=True, text=True, timeout=30)
        self.assertEqual(dig.stdout, "127.0.0.2\n")
        status = server.json("status")
        self.assertEqual(status["ports"][0]["addresses"], [f"{port}/24"])
        with inside(space):
            self.assertEqual(ping(port), 3)
            self.assertEqual(ping(port, bytes(range(256)) * 4), 3)
            self.assertEqual(arping(interface, own, port), status["ports"][0]["mac"].lower())
            self.assertIsNone(arping(interface, own, port.rsplit(".", 1)[0] + ".99"))
            self.flood(port)
        stats = server.check_sums(self)
        self.assertGreaterEqual(stats["answered"], 4)
        self.assertEqual(stats["icmp_replies"], 6)
        self.assertGreaterEqual(stats["arp_replies"], 1)
        self.assertGreaterEqual(stats["dropped"]["other_port"], 1)
        self.assertGreaterEqual(stats["dropped"]["arp_not_us"], 1)

    def flood(self, port):
        """Many questions at once, all answered; and one for another port than 53."""
        query = dns.message.make_query("1.2.0.192.bl.test", "A").to_wire()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(2)
            client.sendto(query, (port, 5353))
            answers = set()
            for first in range(0, 2000, 50):
                for i in range(first, first + 50):
                    client.sendto(struct.pack("!H", i) + query[2:], (port, 53))
                for _ in range(50):
                    answers.add(client.recv(512)[:2])
        self.assertEqual(len(answers), 2000)

    def test_tap_port_answers_dns_arp_and_ping_and_reloads(self):
        with namespace() as space, Server(config("net_tap0,iface=rbe2e0", "10.53.0.53"), FILES, space) as server:
            self.address(space, "address", "add", "10.53.0.1/24", "dev", "rbe2e0")
            self.address(space, "link", "set", "rbe2e0", "up")
            self.check_serving(space, server, "rbe2e0", "10.53.0.1", "10.53.0.53")
            server.write("list.txt", "192.0.2.2\n")
            self.assertEqual(server.rblitz("reload").returncode, 0)
            self.assertEqual(self.ask(space, "10.53.0.53", "1.2.0.192.bl.test").rcode(), dns.rcode.NXDOMAIN)
            self.assertEqual(self.ask(space, "10.53.0.53", "2.2.0.192.bl.test").rcode(), dns.rcode.NOERROR)
            self.assertEqual(server.stop(), 0)

    def test_tap_port_answers_over_ipv6_and_behind_a_tag(self):
        text = config("net_tap0,iface=rbe2e7", "10.53.0.53").replace("/24\"", "/24\", \"fd53::53/64\"")
        with namespace() as space, Server(text, FILES, space) as server:
            port_mac = server.json("status")["ports"][0]["mac"].lower()
            # A MAC of its own: with the port's it has the port's link-local address, too.
            self.address(space, "link", "set", "rbe2e7", "address", "02:53:e2:e0:00:07")
            self.address(space, "link", "set", "rbe2e7", "up")
            self.address(space, "-6", "address", "flush", "dev", "rbe2e7", "scope", "link")
            for own in ("10.53.0.1/24", "fd53::1/64", "fe80::1/64"):
                self.address(space, "address", "add", own, "dev", "rbe2e7", *(["nodad"] if ":" in own else []))
            self.assertEqual(self.ask(space, "fd53::53", "1.2.0.192.bl.test").answer[0][0].to_text(), "127.0.0.2")
            self.assertEqual(self.ask(space, "fd53::53", "2.2.0.192.bl.test").rcode(), dns.rcode.NXDOMAIN)
            self.assertEqual(self.ask(space, "10.53.0.53", "1.2.0.192.bl.test").rcode(), dns.rcode.NOERROR)
            dig = subprocess.run(["ip", "netns", "exec", space, "dig", "-6", "@fd53::53", "+short", "7.100.51.198.bl.test"],
                                 capture_output=True, text=True, timeout=30)
            self.assertEqual(dig.stdout, "127.0.0.2\n")
            octets = [int(byte, 16) for byte in port_mac.split(":")]
            link_local = "fe80::%x:%xff:fe%02x:%x" % ((octets[0] ^ 2) << 8 | octets[1], octets[2], octets[3],
                                                       octets[4] << 8 | octets[5])
            with inside(space):
                self.assertEqual(ping6("fd53::53"), 3)
                self.assertEqual(ping6(link_local, socket.if_nametoindex("rbe2e7")), 3)
                self.check_tagged(port_mac)
                self.claim("10.53.0.53")
            server.wait_until(lambda: server.json("stats")["address_conflicts"]["seen"] == 1)
            server.wait_until(lambda: "event=address_conflict address=10.53.0.53 mac=02:53:e2:e0:00:07" in server.log)
            stats = server.check_sums(self)
            self.assertEqual(stats["icmp_replies"], 6)
            self.assertGreaterEqual(stats["nd_replies"], 2)
            self.assertGreaterEqual(stats["answered"], 6)
            neighbours = subprocess.run(["ip", "-n", space, "-6", "neighbor"], capture_output=True, text=True, check=True).stdout
            self.assertIn(f"fd53::53 dev rbe2e7 lladdr {port_mac}", neighbours)
            self.assertEqual(server.stop(), 0)

    def test_the_other_end_of_a_tap_with_the_ports_mac_finds_it_again(self):
        """It has the port's link-local address, too, from which a kernel asks whether a neighbour is still there."""
        text = config("net_tap0,iface=rbe2e8", "10.53.0.53").replace("/24\"", "/24\", \"fd53::53/64\"")
        with namespace() as space, Server(text, FILES, space) as server:
            port_mac = server.json("status")["ports"][0]["mac"].lower()
            self.address(space, "link", "set", "rbe2e8", "up")
            self.address(space, "address", "add", "fd53::1/64", "dev", "rbe2e8", "nodad")

            def shown(*what):
                return subprocess.run(["ip", "-n", space, "-6", *what], capture_output=True, text=True, check=True).stdout

            server.wait_until(lambda: "fe80::" in shown("address", "show", "dev", "rbe2e8", "scope", "link", "-tentative"))
            self.address(space, "-6", "neighbor", "replace", "fd53::53", "lladdr", port_mac, "dev", "rbe2e8", "nud", "probe")
            server.wait_until(lambda: "PROBE" not in shown("neighbor", "show", "fd53::53"))
            self.assertIn("REACHABLE", shown("neighbor", "show", "fd53::53"))
            self.assertGreaterEqual(server.check_sums(self)["nd_replies"], 1)
            self.assertEqual(server.stop(), 0)

    def check_tagged(self, mac):
        """Questions with a VLAN tag over both families; this kernel needs no VLAN device for it."""
        from scapy.layers.inet import IP, UDP
        from scapy.layers.inet6 import IPv6
        from scapy.layers.l2 import Dot1Q, Ether
        from scapy.packet import Raw
        query = dns.message.make_query("1.2.0.192.bl.test", "A").to_wire()
        for ip in (IP(src="10.53.0.1", dst="10.53.0.53"), IPv6(src="fd53::1", dst="fd53::53")):
            frame = Ether(src="02:53:e2:e0:00:07", dst=mac) / Dot1Q(vlan=77, prio=5) / ip / UDP(sport=4053, dport=53) / Raw(query)
            data, ancillary = exchange("rbe2e7", frame, lambda data: query[:2] in data and b"\x7f\0\0\2" in data)
            self.assertIsNotNone(data, ip)
            # tpacket_auxdata: status, len, snaplen, mac, net, vlan_tci, vlan_tpid
            tags = [struct.unpack("IIIHHHH", value[:20])[5] for _, kind, value in ancillary if kind == 8]
            if data[12:14] == b"\x81\0":
                tags = list(struct.unpack("!H", data[14:16]))
            self.assertEqual(tags, [5 << 13 | 77], ip)

    def claim(self, address):
        """Announces an address of the port as another's (RFC 5227)."""
        mac = bytes.fromhex("0253e2e00007")
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETHERTYPE_ARP)) as link:
            link.bind(("rbe2e7", ETHERTYPE_ARP))
            link.send(b"\xff" * 6 + mac + struct.pack("!HHHBBH6s4s6s4s", ETHERTYPE_ARP, 1, 0x0800, 6, 4, 1, mac,
                                                      socket.inet_aton(address), bytes(6), socket.inet_aton(address)))

    def test_af_packet_port_answers_dns_arp_and_ping(self):
        with namespace() as space:
            self.address(space, "link", "add", "client0", "type", "veth", "peer", "name", "port0")
            with inside(space):
                disable_checksum_offload("client0")
            self.address(space, "address", "add", "10.54.0.1/24", "dev", "client0")
            for interface in ("client0", "port0"):
                self.address(space, "link", "set", interface, "up")
            with Server(config("net_af_packet0,iface=port0", "10.54.0.53"), FILES, space) as server:
                self.check_serving(space, server, "client0", "10.54.0.1", "10.54.0.53")
                self.assertEqual(server.stop(), 0)

    def test_kernel_sockets_are_served_beside_a_port(self):
        port = free_port()
        extra = f'listen = ["127.0.0.1:{port}"]'
        with namespace() as space, Server(config("net_tap0,iface=rbe2e1", "10.55.0.53", extra), FILES, space) as server:
            self.address(space, "address", "add", "10.55.0.1/24", "dev", "rbe2e1")
            self.address(space, "link", "set", "rbe2e1", "up")
            with inside(space):
                query = dns.message.make_query("1.2.0.192.bl.test", "A")
                self.assertEqual(len(dns.query.udp(query, "127.0.0.1", port=port, timeout=5).answer), 1)
            self.assertEqual(len(self.ask(space, "10.55.0.53", "1.2.0.192.bl.test").answer), 1)
            self.assertEqual(server.json("stats")["zones"]["bl.test"]["listed"], 2)

    @unittest.skipIf(len(os.sched_getaffinity(0)) < 2, "there is one CPU, which all threads share")
    def test_a_worker_has_its_core_for_itself(self):
        worker = max(os.sched_getaffinity(0))
        with namespace() as space, Server(config("net_tap0,iface=rbe2e5", "10.53.0.53"), FILES, space) as server:
            threads = self.threads(server)
            cores = {name: os.sched_getaffinity(thread) for name, thread in threads.items()}
            alone = [name for name, allowed in cores.items() if allowed == {worker}]
            self.assertEqual(len(alone), 1, cores)
            self.assertEqual([name for name, allowed in cores.items() if worker in allowed], alone)
            # There is a CPU left to load on: loads give way, and take turns if they must.
            nice = min(os.getpriority(os.PRIO_PROCESS, 0) + 10, 19)
            self.assertEqual(os.getpriority(os.PRIO_PROCESS, threads["rblitz-load"]), nice)

    def test_loads_give_way_to_workers_that_occupy_every_cpu(self):
        allowed = os.sched_getaffinity(0)
        self.addCleanup(os.sched_setaffinity, 0, allowed)
        os.sched_setaffinity(0, {max(allowed)})  # the server inherits it
        with namespace() as space, Server(config("net_tap0,iface=rbe2e6", "10.53.0.53"), FILES, space) as server:
            loading = self.threads(server)["rblitz-load"]
            self.assertEqual(os.sched_getscheduler(loading), os.SCHED_IDLE)
            self.assertEqual(os.getpriority(os.PRIO_PROCESS, loading), os.getpriority(os.PRIO_PROCESS, 0))

    def test_sigterm_during_a_load_removes_port_and_socket(self):
        with namespace() as space:
            server = Server(config("net_tap0,iface=rbe2e4", "10.53.0.53"), {"list.txt": endless_feed()}, space)
            self.addCleanup(server.__exit__)
            server.start(wait_for="")
            server.wait_until(lambda: server.reads("list.txt"))
            signalled = time.monotonic()
            self.assertEqual(server.stop(), 0, server.log)
            self.assertLess(time.monotonic() - signalled, 2)
            self.assertFalse(server.control.exists())
            links = subprocess.run(["ip", "-n", space, "-o", "link"], capture_output=True, text=True, check=True).stdout
            self.assertNotIn("rbe2e4", links)

    def test_port_that_does_not_exist_exits_1_and_says_which(self):
        with namespace() as space:
            server = Server(config("net_tap0,iface=rbe2e2", "10.53.0.53").replace("port = 0", "port = 7"), FILES, space)
            self.addCleanup(server.__exit__)
            with self.assertRaisesRegex(AssertionError, r"(?s)rblitzd \(1\).*rblitzd: .*port 7"):
                server.start()

    def test_nothing_is_answered_before_the_feeds_have_loaded(self):
        lines = "".join(f"{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}.{i * 7 & 255}\n" for i in range(1 << 21))
        port = free_port()
        text = config("net_tap0,iface=rbe2e3", "10.53.0.53", f'listen = ["127.0.0.1:{port}"]')
        with namespace() as space:
            server = Server(text, {"list.txt": lines + "192.0.2.1\n"}, space)
            self.addCleanup(server.__exit__)
            server.start(wait_for="")
            query = dns.message.make_query("1.2.0.192.bl.test", "A")
            with inside(space):
                for _ in range(3000):
                    try:
                        answer = dns.query.udp(query, "127.0.0.1", port=port, timeout=0.1)
                        break
                    except (dns.exception.Timeout, OSError):
                        time.sleep(0.01)
            self.assertEqual(answer.rcode(), dns.rcode.NOERROR)
            server.wait_for_log("event=started")  # a worker may answer before the line is written
            self.assertRegex(server.log, re.compile("event=feed_loaded.*event=started", re.S))


if __name__ == "__main__":
    main()
