#!/usr/bin/python3
"""DPDK ports whose wires are not perfect, and ports with several queues: links that go and come, packets that are lost, doubled
and out of order, two workers."""

import os
import random
import shutil
import socket
import struct
import subprocess
import time
import unittest

import dns.exception
import dns.message
import dns.query

from harness import (ONE_LIST, Server, disable_checksum_offload, dpdk_tables, inside, main, missing_for_namespaces,
                     namespace)

FILES = {"list.txt": "192.0.2.1\n198.51.100.0/24\n"}
QUERY = dns.message.make_query("1.2.0.192.bl.test", "A").to_wire()
PCAP_MACS = ("02:70:63:61:70:00", "02:70:63:61:70:01")


def config(vdevs, addresses, workers=1, cores=None):
    server = f"workers = {workers}\n" + (f"cores = {cores}" if cores else "")
    return dpdk_tables(vdevs, [[f"{address}/24"] for address in addresses], mbufs=16384, server=server) + ONE_LIST


def run(*command):
    subprocess.run(command, check=True)


def ask(space, server, seconds=30):
    """Asks until there is an answer."""
    end = time.monotonic() + seconds
    with inside(space):
        while True:
            try:
                return dns.query.udp(dns.message.make_query("1.2.0.192.bl.test", "A"), server, timeout=1)
            except (dns.exception.Timeout, OSError):
                if time.monotonic() > end:
                    raise


def question_frame(source_mac, mac, source, port, number):
    """A question from UDP port `number`, which is its id too; without a UDP checksum."""
    query = struct.pack("!H", number) + QUERY[2:]
    udp = struct.pack("!HHHH", number, 53, 8 + len(query), 0) + query
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, socket.inet_aton(source), socket.inet_aton(port))
    total = sum(struct.unpack("!10H", head))
    total = (total >> 16) + (total & 0xffff)
    head = head[:10] + struct.pack("!H", ~(total + (total >> 16)) & 0xffff) + head[12:]
    return bytes.fromhex(mac.replace(":", "")) + source_mac + b"\x08\0" + head + udp


def write_pcap(path, frames):
    records = (struct.pack("=IIII", 0, 0, len(frame), len(frame)) + frame for frame in frames)
    path.write_bytes(struct.pack("=IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1) + b"".join(records))


@unittest.skipIf(missing_for_namespaces(), missing_for_namespaces())
class Wires(unittest.TestCase):
    def veth(self, vdev="net_af_packet0,iface=port0"):
        """A client's namespace with client0 and a server's with port0, its peer."""
        client, server = self.enterContext(namespace()), self.enterContext(namespace())
        run("ip", "-n", client, "link", "add", "client0", "type", "veth", "peer", "name", "port0", "netns", server)
        with inside(client):
            disable_checksum_offload("client0")
        run("ip", "-n", client, "address", "add", "10.54.0.1/24", "dev", "client0")
        run("ip", "-n", client, "link", "set", "client0", "up")
        run("ip", "-n", server, "link", "set", "port0", "up")
        return client, self.enterContext(Server(config([vdev], ["10.54.0.53"]), FILES, server))

    def link_is(self, server, up):
        server.wait_until(lambda: server.json("status")["ports"][0]["link_up"] == up)

    def test_a_link_that_comes_back_is_served_again_and_told_once(self):
        with namespace() as space, Server(config(["net_tap0,iface=rbe2e0"], ["10.53.0.53"]), FILES, space) as server:
            run("ip", "-n", space, "address", "add", "10.53.0.1/24", "dev", "rbe2e0")
            run("ip", "-n", space, "link", "set", "rbe2e0", "up")
            self.assertEqual(len(ask(space, "10.53.0.53").answer), 1)
            before = server.log.count("event=link port=0 up=false")
            run("ip", "-n", space, "link", "set", "rbe2e0", "down")
            server.wait_for_log("event=link port=0 up=false", before + 1)
            self.assertFalse(server.json("status")["ports"][0]["link_up"])
            ups = server.log.count("event=link port=0 up=true")
            run("ip", "-n", space, "link", "set", "rbe2e0", "up")
            server.wait_for_log("event=link port=0 up=true", ups + 1)
            self.assertEqual(len(ask(space, "10.53.0.53").answer), 1)
            self.assertEqual(server.log.count("event=link port=0 up=false"), before + 1)
            self.assertEqual(server.stop(), 0)

    def test_a_veth_that_goes_down_and_up_is_served_again(self):
        client, server = self.veth()
        self.assertEqual(len(ask(client, "10.54.0.53").answer), 1)
        run("ip", "-n", client, "link", "set", "client0", "down")
        server.wait_for_log("event=link port=0 up=false")
        run("ip", "-n", client, "link", "set", "client0", "up")
        server.wait_for_log("event=link port=0 up=true")
        self.assertEqual(len(ask(client, "10.54.0.53").answer), 1)
        self.assertEqual(server.stop(), 0)

    def test_a_wire_that_disappears_leaves_a_server_that_can_be_asked_and_stopped(self):
        client, server = self.veth()
        self.assertEqual(len(ask(client, "10.54.0.53").answer), 1)
        run("ip", "-n", client, "link", "delete", "client0")
        server.wait_for_log("event=link port=0 up=false")
        self.assertFalse(server.json("status")["ports"][0]["link_up"])
        self.assertEqual(server.rblitz("reload").returncode, 0)
        self.assertEqual(server.stop(), 0)

    @unittest.skipIf(shutil.which("nft") is None, "the program nft is missing")
    def test_what_is_left_of_lost_packets_is_answered(self):
        client, server = self.veth()
        ask(client, "10.54.0.53")
        before = server.json("stats")
        rules = ("add table netdev loss; "
                 "add chain netdev loss out { type filter hook egress device client0 priority 0; }; "
                 "add rule netdev loss out meta protocol ip numgen random mod 10 < 3 counter drop")
        run("ip", "netns", "exec", client, "nft", rules)
        with inside(client), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
            asker.settimeout(0.3)
            asker.connect(("10.54.0.53", 53))
            answers = 0
            for i in range(2000):
                with_id = struct.pack("!H", i) + QUERY[2:]
                try:
                    asker.send(with_id)
                except OSError:
                    continue
                if i % 100 == 99:  # before a buffer of the socket is full
                    answers += self.drain(asker)
            answers += self.drain(asker)
        stats = server.check_sums(self)
        received = stats["answered"] - before["answered"]
        self.assertTrue(900 < received < 1900, received)
        self.assertEqual(answers, received)

    def drain(self, asker):
        count = 0
        try:
            while True:
                count += asker.recv(512)[2] >> 7
        except TimeoutError:
            return count

    def test_af_xdp_takes_its_frames_from_the_kernel(self):
        client, server = self.veth("net_af_xdp0,iface=port0")
        self.assertEqual(len(ask(client, "10.54.0.53").answer), 1)
        self.assertEqual(server.json("status")["ports"][0]["driver"], "net_af_xdp")
        run("ip", "-n", client, "link", "set", "client0", "down")
        server.wait_for_log("event=link port=0 up=false")
        run("ip", "-n", client, "link", "set", "client0", "up")
        self.assertEqual(len(ask(client, "10.54.0.53").answer), 1)
        server.check_sums(self)
        self.assertEqual(server.stop(), 0)

    @unittest.skipIf(shutil.which("dpdk-testpmd") is None, "the program dpdk-testpmd is missing")
    def test_memif_serves_another_process(self):
        server = Server("", FILES)
        self.addCleanup(server.__exit__)
        folder, questions = server.folder, 500
        write_pcap(folder / "in", [question_frame(b"\2\0\0\0\0\1", "02:00:00:00:00:35", "10.9.0.1", "10.9.0.53", 1024 + i)
                                   for i in range(questions)])
        memif = f"socket={folder}/memif,socket-abstract=no"
        server.write("rblitz.toml", config([f"net_memif0,role=server,{memif},mac=02:00:00:00:00:35"], ["10.9.0.53"]))
        server.start()
        cpu = min(os.sched_getaffinity(0))  # where the worker is not
        command = ["dpdk-testpmd", "--no-pci", "--no-huge", "--no-shconf", "--no-telemetry", "-m", "256", f"--lcores=0@{cpu},1@{cpu}",
                   f"--vdev=net_pcap0,rx_pcap={folder}/in,tx_pcap={folder}/out", f"--vdev=net_memif0,role=client,{memif}",
                   "--", "-i", "--total-num-mbufs=4096", "--no-flush-rx"]
        with open(folder / "testpmd.log", "w") as log, subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log,
                                                                        text=True) as other:
            try:
                self.link_is(server, True)
                print("start", file=other.stdin, flush=True)
                server.wait_until(lambda: server.json("stats")["answered"] == questions)
                # The server goes first: DPDK 22.11's driver may read rings that a peer which leaves has just unmapped.
                server.check_sums(self)
                self.assertEqual(server.stop(), 0)
            finally:
                other.kill()

    def test_doubled_packets_in_any_order_are_answered_each(self):
        client, server = self.veth()
        ask(client, "10.54.0.53")
        mac = server.json("status")["ports"][0]["mac"]
        numbers = list(range(2000, 4000)) * 2
        random.Random(7).shuffle(numbers)
        with inside(client):
            wire = self.enterContext(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800)))
        wire.bind(("client0", 0x0800))
        answered = []
        # Fifty at a time, so that only the wire's faults count and not what a buffer holds.
        for first in range(0, len(numbers), 50):
            for number in numbers[first:first + 50]:
                wire.send(question_frame(wire.getsockname()[4], mac, "10.54.0.1", "10.54.0.53", number))
            wire.settimeout(30)
            while len(answered) < first + 50:
                frame, source = wire.recvfrom(2048)
                if source[2] != socket.PACKET_OUTGOING and frame[23] == 17 and frame[34:36] == b"\0\x35":
                    self.assertEqual(frame[36:38], frame[42:44])  # the id is the port
                    answered.append(struct.unpack("!H", frame[36:38])[0])
        self.assertEqual(sorted(answered), sorted(numbers))


@unittest.skipIf(missing_for_namespaces(), missing_for_namespaces())
@unittest.skipIf(len(os.sched_getaffinity(0)) < 2, "there is one CPU, and two workers want two")
class TwoWorkers(unittest.TestCase):
    def server(self, ports, addresses):
        """Two workers on net_pcap ports; ports[p][q] is the number of questions on port p's queue q."""
        server = Server("", FILES)
        self.addCleanup(server.__exit__)
        vdevs = []
        for p, queues in enumerate(ports):
            vdev = f"net_pcap{p}"
            for q, count in enumerate(queues):
                path = server.folder / f"{p}-{q}"
                write_pcap(path.with_suffix(".in"), [question_frame(b"\2\0\0\0\0\1", PCAP_MACS[p], "10.9.0.1", addresses[p], 1024 + i)
                                                     for i in range(count)])
                vdev += f",rx_pcap={path}.in,tx_pcap={path}.out"
            vdevs.append(vdev)
        server.write("rblitz.toml", config(vdevs, addresses, workers=2))
        return server

    def shares(self, server, total):
        """Questions answered by each worker, once all are."""
        server.wait_until(lambda: server.json("stats")["answered"] >= total)
        return [worker["answered"] for worker in server.json("stats")["workers"]]

    def test_each_has_a_queue(self):
        server = self.server([[300, 200]], ["10.9.0.53"]).start()
        self.assertEqual(self.shares(server, 500), [300, 200])
        self.assertEqual(server.json("status")["ports"][0]["queues"], 2)
        self.assertEqual(server.stop(), 0)

    def test_queues_without_a_worker_of_their_own_are_shared_out(self):
        server = self.server([[300, 200, 50]], ["10.9.0.53"]).start()
        self.assertEqual(self.shares(server, 550), [350, 200])

    def test_queues_of_several_ports_are_dealt_out(self):
        server = self.server([[300], [10, 20]], ["10.9.0.53", "10.9.0.54"]).start()
        self.assertEqual(self.shares(server, 330), [320, 10])
        server.stop()
        server = self.server([[300], [10]], ["10.9.0.53", "10.9.0.54"]).start()
        self.assertEqual(self.shares(server, 310), [300, 10])

    def test_a_worker_without_a_queue_is_refused(self):
        server = self.server([[1]], ["10.9.0.53"])
        with self.assertRaisesRegex(AssertionError, r"(?s)workers: 2 wanted, but there is 1 queue: port 0 \(net_pcap\)"):
            server.start()

    def test_more_buffers_than_there_is_memory_for_are_refused(self):
        for vdev in ("net_null0", "net_bonding0,mode=0"):  # one copies; below the other may be any device
            text = config([vdev], ["10.9.0.53"]).replace("mbufs = 16384", "mbufs = 1000000")
            server = Server(text.replace('"--in-memory"', '"--in-memory", "-m", "64"'), FILES)
            self.addCleanup(server.__exit__)
            with self.assertRaisesRegex(AssertionError, "mbufs: no memory for 1000000 packet buffers: "):
                server.start()

    def test_receive_and_send_queues_must_be_as_many(self):
        server = self.server([[1, 1]], ["10.9.0.53"])
        text = (server.folder / "rblitz.toml").read_text().replace(f",tx_pcap={server.folder}/0-1.out", "")
        server.write("rblitz.toml", text)
        with self.assertRaisesRegex(AssertionError, "2 receive queues but 1 to send"):
            server.start()

    def test_tap_spreads_flows_over_both(self):
        with namespace() as space, Server(config(["net_tap0,iface=rbe2e0"], ["10.53.0.53"], workers=2), FILES, space) as server:
            run("ip", "-n", space, "address", "add", "10.53.0.1/24", "dev", "rbe2e0")
            run("ip", "-n", space, "link", "set", "rbe2e0", "up")
            deadline = time.monotonic() + 60
            while not all(worker["answered"] for worker in server.json("stats")["workers"]):
                self.assertLess(time.monotonic(), deadline, server.json("stats")["workers"])
                self.assertEqual(len(ask(space, "10.53.0.53").answer), 1)
            server.check_sums(self)
            self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    main()
