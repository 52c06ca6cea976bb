#!/usr/bin/python3
"""What workers of DPDK ports do while nothing comes: idle = poll, adaptive and interrupt on net_tap, which has receive interrupts,
and on net_af_packet, which has none."""

import contextlib
import os
import socket
import subprocess
import time
import unittest
from pathlib import Path

import dns.message
import dns.query
import dns.rcode

import kernel_port_test as kernel
from harness import (ONE_LIST, Server, disable_checksum_offload, dpdk_tables, inside, main, missing_for_namespaces, namespace)

FILES = {"list.txt": "192.0.2.1\n"}
MODES = ("poll", "adaptive", "interrupt")
PORT = "10.57.0.53"
# Of one core. Asleep a worker takes less than 0.05 on a machine of its own, and a system's other work may come on top.
ASLEEP = 0.3
AWAKE = 0.3


def config(vdev, idle, extra=""):
    return dpdk_tables([vdev], [[f"{PORT}/24"]], dpdk=f'idle = "{idle}"\n{extra}') + ONE_LIST


def run(*words):
    subprocess.run(["ip", *words], check=True)


@contextlib.contextmanager
def tap(idle, extra=""):
    """A server on a TAP, asked from its other end."""
    with namespace() as space, Server(config("net_tap0,iface=rbidle0", idle, extra), FILES, space) as server:
        run("-n", space, "address", "add", "10.57.0.1/24", "dev", "rbidle0")
        run("-n", space, "link", "set", "rbidle0", "up")
        yield space, server


@contextlib.contextmanager
def veth(idle, driver="net_af_packet"):
    """A server behind a veth."""
    with namespace() as space:
        run("-n", space, "link", "add", "client0", "type", "veth", "peer", "name", "port0")
        with inside(space):
            disable_checksum_offload("client0")
        run("-n", space, "address", "add", "10.57.0.1/24", "dev", "client0")
        for interface in ("client0", "port0"):
            run("-n", space, "link", "set", interface, "up")
        with Server(config(f"{driver}0,iface=port0", idle), FILES, space) as server:
            yield space, server


def cpu_seconds(server):
    """Of all its threads, user and system."""
    with open(f"/proc/{server.process.pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cpu_share(server, seconds=2.0):
    """How much of a core it takes."""
    time.sleep(0.3)  # what came before is over
    begin, taken = time.monotonic(), cpu_seconds(server)
    time.sleep(seconds)
    return (cpu_seconds(server) - taken) / (time.monotonic() - begin)


def sleeps(server):
    """How often its threads have gone to sleep by themselves."""
    tasks = Path(f"/proc/{server.process.pid}/task").iterdir()
    return sum(int(line.split()[1]) for task in tasks for line in (task / "status").read_text(encoding="ascii").splitlines()
               if line.startswith("voluntary_ctxt_switches"))


@unittest.skipIf(missing_for_namespaces(), missing_for_namespaces())
class Idle(unittest.TestCase):
    def ask(self, space, name):
        with inside(space):
            return dns.query.udp(dns.message.make_query(name, "A"), PORT, timeout=5).rcode()

    def check(self, space, server, idle):
        """Asleep or not: it answers, reloads and ends at once, and sleeps when it shall."""
        self.assertEqual(self.ask(space, "1.2.0.192.bl.test"), dns.rcode.NOERROR)
        share = cpu_share(server)
        if idle == "poll":
            self.assertGreater(share, AWAKE)
        else:
            self.assertLess(share, ASLEEP)
        for last in range(20):  # each finds the worker asleep
            time.sleep(0.02)
            expected = dns.rcode.NOERROR if last == 1 else dns.rcode.NXDOMAIN
            self.assertEqual(self.ask(space, f"{last}.2.0.192.bl.test"), expected)
        server.write("list.txt", "192.0.2.2\n")
        begin = time.monotonic()
        self.assertEqual(server.rblitz("reload").returncode, 0)
        self.assertLess(time.monotonic() - begin, 2)
        self.assertEqual(self.ask(space, "1.2.0.192.bl.test"), dns.rcode.NXDOMAIN)
        self.assertEqual(self.ask(space, "2.2.0.192.bl.test"), dns.rcode.NOERROR)
        server.check_sums(self)
        begin = time.monotonic()
        self.assertEqual(server.stop(), 0)
        self.assertLess(time.monotonic() - begin, 2)
        self.assertNotIn("EAL: Error", server.log)

    def test_a_port_with_interrupts_in_every_mode(self):
        for idle in MODES:
            with self.subTest(idle=idle), tap(idle) as (space, server):
                self.assertNotIn("event=no_interrupts", server.log)
                if idle == "interrupt":
                    time.sleep(1)
                    before = sleeps(server)
                    time.sleep(2)
                    # Ten milliseconds each, where naps would be thousands.
                    self.assertLess(sleeps(server) - before, 1000)
                self.check(space, server, idle)

    def test_a_port_without_interrupts_in_every_mode(self):
        for idle in MODES:
            with self.subTest(idle=idle), veth(idle) as (space, server):
                fallback = "event=no_interrupts port=0 driver=net_af_packet idle=adaptive"
                self.assertEqual(fallback in server.log, idle == "interrupt", server.log)
                self.check(space, server, idle)

    def test_many_questions_after_a_sleep_are_all_answered(self):
        for idle in MODES[1:]:
            with self.subTest(idle=idle), veth(idle) as (space, server):
                self.assertEqual(self.ask(space, "1.2.0.192.bl.test"), dns.rcode.NOERROR)
                with inside(space):
                    for _ in range(10):
                        time.sleep(0.05)
                        for last in range(64):
                            self.assertEqual(self.ask(space, f"{last}.2.0.192.bl.test"),
                                             dns.rcode.NOERROR if last == 1 else dns.rcode.NXDOMAIN)
                self.assertEqual(server.check_sums(self)["answered"], 641)

    @unittest.skipIf(kernel.missing(), kernel.missing())
    def test_what_the_kernel_sends_leaves_a_port_whose_worker_sleeps(self):
        for idle in MODES[1:]:
            with self.subTest(idle=idle), namespace() as client, namespace() as space:
                kernel.connect(client, space)
                with Server(kernel.config("net_af_packet0,iface=port0", f'idle = "{idle}"'), FILES, space) as server:
                    self.assertLess(cpu_share(server), ASLEEP)
                    echo = kernel.LineEcho(space)
                    self.addCleanup(echo.close)
                    with inside(client):
                        connection = socket.create_connection((kernel.PORT, 22), timeout=30)
                    with connection, connection.makefile("rwb") as stream:
                        for _ in range(10):
                            time.sleep(0.05)
                            stream.write(b"asleep?\n")
                            stream.flush()
                            self.assertEqual(stream.readline(), b"ASLEEP?\n")
                    server.check_sums(self)


if __name__ == "__main__":
    main()
