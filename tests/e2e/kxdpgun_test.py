#!/usr/bin/python3
"""kxdpgun, which writes frames to a veth by XDP, against a DPDK port at its other end."""

import re
import subprocess
import unittest

from harness import Server, disable_checksum_offload, inside, main, namespace
from peers import FILES, Matrix, config, etc, missing, run_in

KXDPGUN = "kxdpgun"
SECONDS, RATE = 2, 2000
matrix = Matrix()


def tearDownModule():
    matrix.show()


@unittest.skipIf(missing(KXDPGUN), missing(KXDPGUN))
class Kxdpgun(unittest.TestCase):
    def check_driver(self, driver):
        client, space = self.enterContext(namespace()), self.enterContext(namespace())
        subprocess.run(["ip", "-n", client, "link", "add", "client0", "type", "veth", "peer", "name", "port0", "netns", space],
                       check=True)
        with inside(client):
            disable_checksum_offload("client0")
        for command in ("-n {c} address add 10.54.0.1/24 dev client0", "-n {c} link set client0 up", "-n {s} link set port0 up"):
            subprocess.run(["ip", *command.format(c=client, s=space).split()], check=True)
        server = self.enterContext(Server(config(f"""io = "dpdk"
[dpdk]
eal = ["--no-pci", "--no-huge", "--in-memory", "--no-telemetry", "--vdev={driver}0,iface=port0"]
ports = [ {{ port = 0, addresses = ["10.54.0.53/24"] }} ]
mbufs = 16384
"""), FILES, space))
        server.write("questions", "10.2.0.192.bl.example.com. A\n11.2.0.192.bl.example.com. A\n")
        with matrix.case(self, driver, "answers"):
            # Its first question also makes the kernel learn the neighbour that kxdpgun needs.
            first = run_in(client, "dig", "@10.54.0.53", "+tries=20", "10.2.0.192.bl.example.com").stdout
            self.assertIn("127.0.0.2", first)
            before = server.json("stats")["answered"]
            done = run_in(client, KXDPGUN, "-t", SECONDS, "-Q", RATE, "-F", "0", "-I", "client0", "-i", server.folder / "questions",
                          "10.54.0.53")
            sent, received = (int(re.search(rf"total {what}: +(\d+)", done.stdout)[1]) for what in ("queries", "replies"))
            self.assertGreater(sent, RATE // 2, done.stdout)
            # What arrived is answered; what the wire of a busy machine loses is not the server's.
            self.assertGreater(received, sent // 2, done.stdout)
            self.assertGreaterEqual(server.json("stats")["answered"] - before, received)
            self.assertRegex(done.stdout, r"responded NOERROR: +[1-9]")
            self.assertRegex(done.stdout, r"responded NXDOMAIN: +[1-9]")
            self.assertNotRegex(done.stdout, r"responded (SERVFAIL|REFUSED|FORMERR): +[1-9]")
            server.check_sums(self)

    def test_af_packet(self):
        self.check_driver("net_af_packet")


if __name__ == "__main__":
    main()
