#!/usr/bin/python3
"""DPDK ports for real: net_tap, net_af_packet over veth and net_pcap, answered by tests/dpdk_echo and checked by scapy.

dpdk_ports_test.py DPDK_ECHO

Runs itself in a network namespace of its own, which goes away with it. Exits with 77 (skipped) where that is not allowed.
"""

import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

IN_NAMESPACE = "RBLITZ_TEST_NAMESPACE"
CLIENT_IP, OWN_IP = "10.53.0.7", "10.53.0.53"


def skip(reason):
    print(f"SKIP: {reason}")
    sys.exit(77)


def enter_namespace():
    if os.environ.get(IN_NAMESPACE):
        return
    if os.geteuid() != 0:
        skip("ports in a network namespace want root")
    if not os.path.exists("/dev/net/tun"):
        skip("there is no /dev/net/tun")
    if subprocess.run(["unshare", "--net", "true"], check=False).returncode != 0:
        skip("unshare --net is not allowed here")
    os.environ[IN_NAMESPACE] = "1"
    os.execvp("unshare", ["unshare", "--net", sys.executable, *sys.argv])


enter_namespace()
# scapy looks for interfaces when it is imported: only inside.
from scapy.config import conf  # noqa: E402
from scapy.layers.inet import ICMP, IP, UDP  # noqa: E402
from scapy.layers.l2 import ARP, Ether  # noqa: E402
from scapy.packet import Raw  # noqa: E402
from scapy.utils import rdpcap, wrpcap  # noqa: E402

from echo_rule import adds_up, built, check_arp, check_echo, check_udp, echo  # noqa: E402

DPDK_ECHO = sys.argv.pop(1)
EAL = ["--no-pci", "--no-huge", "--in-memory"]


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True)


class Server:
    """dpdk_echo with these ports; its counters after stop()."""

    def __init__(self, *vdevs):
        command = [DPDK_ECHO, OWN_IP + "/24", *EAL, *("--vdev=" + vdev for vdev in vdevs)]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        self.ports = [self.process.stdout.readline().split() for _ in vdevs]
        if not all(self.ports):
            raise RuntimeError(self.process.communicate(timeout=20)[1])

    def stop(self):
        out, self.errors = self.process.communicate(timeout=20)
        if self.process.returncode != 0:
            raise RuntimeError(f"exit code {self.process.returncode}: {self.errors}")
        return json.loads(out)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


class Wire:
    """Frames to and from an interface by hand."""

    def __init__(self, interface):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.socket.bind((interface, 0))
        self.mac = ":".join(f"{byte:02x}" for byte in self.socket.getsockname()[4])

    def ask(self, frame, is_answer, seconds=2.0):
        self.socket.send(bytes(frame))
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                data, source = self.socket.recvfrom(4096)
            except TimeoutError:
                break
            if source[2] != socket.PACKET_OUTGOING and is_answer(answer := Ether(data)):
                return answer
        return None


class Ports(unittest.TestCase):
    def setUp(self):
        self.random = random.Random(40)
        self.server = None

    def tearDown(self):
        if self.server:
            self.server.kill()

    def wire(self, interface):
        wire = Wire(interface)
        self.addCleanup(wire.socket.close)
        return wire

    def ask_through_kernel(self, n):
        """Datagrams of the kernel's own: ARP, checksums and routing are its."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(2)
            client.connect((OWN_IP, 53))
            for i in range(n):
                question = self.random.randbytes(self.random.randint(1, 1400))
                client.send(question)
                self.assertEqual(client.recv(4096), echo(question, 1472), f"datagram {i}")

    def ask_by_hand(self, wire, mac):
        """Frames that a kernel would not send."""
        ether = Ether(src=wire.mac, dst=mac)
        network = IP(src=CLIENT_IP, dst=OWN_IP)
        for dst in ("ff:ff:ff:ff:ff:ff", mac):
            for sender in (CLIENT_IP, "0.0.0.0"):
                question = built(Ether(src=wire.mac, dst=dst) / ARP(op=1, hwsrc=wire.mac, psrc=sender, pdst=OWN_IP))
                answer = wire.ask(question, lambda a: ARP in a and a[ARP].op == 2 and a[ARP].psrc == OWN_IP)
                self.assertIsNotNone(answer, f"ARP to {dst} from {sender}")
                check_arp(question, answer, mac)
        for sequence, size in enumerate((0, 1, 56, 1472)):
            question = built(ether / network / ICMP(type=8, id=77, seq=sequence) / Raw(self.random.randbytes(size)))
            answer = wire.ask(question, lambda a, seq=sequence: ICMP in a and a[ICMP].type == 0 and a[ICMP].seq == seq)
            self.assertIsNotNone(answer, f"echo of {size} bytes")
            check_echo(question, answer)
        for port in (40001, 40002):
            fields = {"chksum": 0} if port == 40002 else {}
            question = built(ether / network / UDP(sport=port, dport=53, **fields) / Raw(b"\x03odd"))
            answer = wire.ask(question, lambda a, port=port: UDP in a and a[UDP].dport == port)
            self.assertIsNotNone(answer, f"question from port {port}")
            check_udp(question, answer)
        other = built(ether / network / UDP(sport=40003, dport=54) / Raw(b"x"))
        self.assertIsNone(wire.ask(other, lambda a: UDP in a and a[UDP].dport == 40003, seconds=0.3))

    def check_counters(self, answered, arp_at_least):
        stats = self.server.stop()
        self.assertTrue(adds_up(stats), stats)
        self.assertEqual(stats["answered"], answered)
        self.assertGreaterEqual(stats["arp_replies"], arp_at_least)
        self.assertEqual(stats["icmp_replies"], 4)
        self.assertEqual(stats["dropped"]["other_port"], 1)

    def test_tap_answers_kernel_and_hand_made_frames(self):
        self.server = Server("net_tap0,iface=rbtap0")
        self.assertEqual(self.server.ports[0][1], "net_tap")
        ip("address", "add", CLIENT_IP + "/24", "dev", "rbtap0")
        ip("link", "set", "rbtap0", "up")
        self.ask_through_kernel(200)
        self.ask_by_hand(self.wire("rbtap0"), self.server.ports[0][2].lower())
        self.check_counters(202, 5)

    def test_af_packet_over_veth_answers_kernel_and_hand_made_frames(self):
        ip("link", "add", "rbv0", "type", "veth", "peer", "name", "rbv1")
        ip("link", "set", "rbv0", "up")
        ip("link", "set", "rbv1", "up")
        ip("address", "add", CLIENT_IP + "/24", "dev", "rbv1")
        self.addCleanup(ip, "link", "delete", "rbv0")
        self.server = Server("net_af_packet0,iface=rbv0")
        self.ask_through_kernel(200)
        self.ask_by_hand(self.wire("rbv1"), self.server.ports[0][2].lower())
        self.check_counters(202, 5)

    def test_one_worker_serves_two_ports(self):
        self.server = Server("net_tap0,iface=rbtap1", "net_tap1,iface=rbtap2")
        for interface, port in zip(("rbtap1", "rbtap2"), self.server.ports, strict=True):
            ip("address", "add", CLIENT_IP + "/24", "dev", interface)
            ip("link", "set", interface, "up")
            self.ask_through_kernel(20)
            wire = self.wire(interface)
            arp = ARP(hwsrc=wire.mac, psrc=CLIENT_IP, pdst=OWN_IP)
            question = built(Ether(src=wire.mac, dst="ff:ff:ff:ff:ff:ff") / arp)
            answer = wire.ask(question, lambda a: ARP in a and a[ARP].op == 2)
            self.assertEqual(answer[ARP].hwsrc, port[2].lower())
            ip("address", "flush", "dev", interface)
        stats = self.server.stop()
        self.assertEqual(stats["answered"], 40)
        self.assertTrue(adds_up(stats), stats)

    def test_pcap_answers_a_capture_into_another(self):
        folder = tempfile.mkdtemp(prefix="rblitz-pcap-")
        self.addCleanup(shutil.rmtree, folder)
        ether = Ether(src="02:c1:00:00:00:02", dst="02:70:63:61:70:00")
        questions = []
        for i in range(1000):
            udp = UDP(sport=1024 + i, dport=53, **({"chksum": 0} if i % 3 == 0 else {}))
            payload = Raw(self.random.randbytes(self.random.randint(1, 500)))
            questions.append(built(ether / IP(src=f"10.54.{i % 7}.{1 + i % 250}", dst=OWN_IP) / udp / payload))
        wrpcap(folder + "/in.pcap", questions)
        self.server = Server(f"net_pcap0,rx_pcap={folder}/in.pcap,tx_pcap={folder}/out.pcap")
        self.assertEqual(self.server.ports[0][1:3], ["net_pcap", "02:70:63:61:70:00"])
        time.sleep(1)
        stats = self.server.stop()
        self.assertEqual((stats["received"], stats["answered"], stats["dropped"]), (1000, 1000, {}))
        answers = rdpcap(folder + "/out.pcap")
        for question, answer in zip(questions, answers, strict=True):
            check_udp(question, answer)

    def test_what_cannot_be_opened_is_said(self):
        cases = {
            ("-l0", "--vdev=net_tap0,iface=rbtap3"): "eal: '-l0' is not for the configuration",
            ("--vdev=net_nothing0",): "dpdk.eal: DPDK does not start, its lines above say why",
            ("--vdev=net_pcap0,rx_pcap=/nowhere.pcap",): "dpdk.ports: there is no port 0, DPDK found 0",
            ("--vdev=net_tap0,iface=rbtap3", "--vdev=net_tap0"): "dpdk.ports: there is no port 1, DPDK found 1",
            (): "ports: at least one is needed",
        }
        for arguments, message in cases.items():
            command = [DPDK_ECHO, OWN_IP + "/24", *EAL, *arguments]
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
            self.assertEqual(done.returncode, 1)
            self.assertIn("dpdk_echo: " + message, done.stderr)


if __name__ == "__main__":
    conf.verb = 0
    unittest.main(verbosity=2)
