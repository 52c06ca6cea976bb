#!/usr/bin/python3
"""kxdpgun, which writes frames to a veth by XDP, against DPDK ports at the other ends: of one worker and of two."""

import concurrent.futures
import os
import re
import subprocess
import unittest

from harness import Server, disable_checksum_offload, inside, main, namespace
from peers import FILES, Matrix, config, missing, run_in

KXDPGUN = "kxdpgun"
SECONDS, RATE = 2, 2000
# Rings that hold all questions of a run, however long a worker is not scheduled.
AF_PACKET = "net_af_packet{0},iface=port{0},framecnt=4096"
matrix = Matrix()


def tearDownModule():
    matrix.show()


@unittest.skipIf(missing(KXDPGUN), missing(KXDPGUN))
class Kxdpgun(unittest.TestCase):
    def serve(self, *vdevs, workers=1):
        """A server whose port i is client{i}'s other end and has address 10.54.i.53."""
        self.client, space = self.enterContext(namespace()), self.enterContext(namespace())
        for i in range(len(vdevs)):
            subprocess.run(["ip", "-n", self.client, "link", "add", f"client{i}", "type", "veth", "peer", "name", f"port{i}",
                            "netns", space], check=True)
            with inside(self.client):
                disable_checksum_offload(f"client{i}")
            for command in (f"-n {self.client} address add 10.54.{i}.1/24 dev client{i}",
                            f"-n {self.client} link set client{i} up", f"-n {space} link set port{i} up"):
                subprocess.run(["ip", *command.split()], check=True)
        eal = "".join(f', "--vdev={vdev.format(i)}"' for i, vdev in enumerate(vdevs))
        ports = ", ".join(f'{{ port = {i}, addresses = ["10.54.{i}.53/24"] }}' for i in range(len(vdevs)))
        self.server = self.enterContext(Server(config(f"""io = "dpdk"
workers = {workers}
[dpdk]
eal = ["--no-pci", "--no-huge", "--in-memory", "--no-telemetry"{eal}]
ports = [ {ports} ]
mbufs = 16384
"""), FILES, space))
        self.server.write("questions", "10.2.0.192.bl.example.com. A\n11.2.0.192.bl.example.com. A\n")

    def check_answers(self, ports):
        """Questions to all these ports at once, from the upper half of their networks; how many each worker has answered."""
        for port in ports:
            # Its first question also makes the kernel learn the neighbour that kxdpgun needs.
            first = run_in(self.client, "dig", f"@10.54.{port}.53", "+tries=20", "10.2.0.192.bl.example.com").stdout
            self.assertIn("127.0.0.2", first)
        before = self.server.check_sums(self)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            runs = [pool.submit(run_in, self.client, KXDPGUN, "-t", SECONDS, "-Q", RATE, "-F", "0", "-I", f"client{port}", "-l",
                                f"10.54.{port}.128/25", "-i", self.server.folder / "questions", f"10.54.{port}.53")
                    for port in ports]
            reports = [run.result().stdout for run in runs]
        after = self.server.check_sums(self)
        sent, received = (self.sum_of(rf"total {what}", reports) for what in ("queries", "replies"))
        shares = [now["answered"] - then["answered"] for now, then in zip(after["workers"], before["workers"])]
        answered = after["answered"] - before["answered"]
        self.assertEqual(sum(shares), answered)
        # A busy machine sends less than it is told, and its wires may lose a few.
        self.assertGreater(sent, RATE * len(ports), reports)
        self.assertLessEqual(answered, sent, reports)
        self.assertLessEqual(received, answered, reports)
        self.assertGreater(received, sent * 9 // 10, f"{answered} answered\n{reports}")
        codes = [self.sum_of(f"responded {code}", reports) for code in ("NOERROR", "NXDOMAIN")]
        self.assertEqual(sum(codes), received, reports)
        self.assertGreater(min(codes), received * 2 // 5, reports)
        return shares

    @staticmethod
    def sum_of(what, reports):
        return sum(int(re.search(rf"{what}: +(\d+)", report)[1]) for report in reports)

    def test_af_packet(self):
        self.serve(AF_PACKET)
        with matrix.case(self, "net_af_packet", "answers"):
            self.check_answers([0])

    @unittest.skipIf(len(os.sched_getaffinity(0)) < 2, "there is one CPU, and two workers want two")
    @unittest.skipIf(len(os.sched_getaffinity(0)) < 2, "there is one CPU, and two workers want two")
    def test_two_workers_on_af_packet(self):
        self.serve(AF_PACKET + ",qpairs=2", workers=2)
        with matrix.case(self, "net_af_packet", "both workers"):
            shares = self.check_answers([0])
            self.assertGreater(min(shares), sum(shares) // 4)

    @unittest.skipIf(len(os.sched_getaffinity(0)) < 2, "there is one CPU, and two workers want two")
    def test_two_workers_on_af_xdp(self):
        # A veth has no combined channels, and net_af_xdp takes one queue of it: two ports, asked at once.
        self.serve(*["net_af_xdp{0},iface=port{0}"] * 2, workers=2)
        ports = self.server.json("status")["ports"]
        self.assertEqual([(port["driver"], port["queues"]) for port in ports], [("net_af_xdp", 1)] * 2)
        with matrix.case(self, "net_af_xdp", "answers"), matrix.case(self, "net_af_xdp", "both workers"):
            shares = self.check_answers([0, 1])
            self.assertGreater(min(shares), sum(shares) // 4)


if __name__ == "__main__":
    main()
