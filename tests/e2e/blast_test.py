#!/usr/bin/python3
"""rblitz-blast against rblitzd in network namespaces of the test's own: what it counts adds up and agrees with what the
server counts, wrong answers are found, ramps end. Loads are far below what any machine can do; nothing is measured."""

import contextlib
import json
import os
import socket
import subprocess
import threading
import unittest

from harness import (ONE_LIST, Server, disable_checksum_offload, dpdk_tables, free_port, inside, main, missing_for_namespaces,
                     namespace, programs)

FILES = {"list.txt": "192.0.2.0/24\n198.51.100.7\n"}


def kernel(address="127.0.0.1:5300"):
    return f'[server]\nlisten = ["{address}"]\n' + ONE_LIST


def blast(*arguments, space=None, code=0):
    """The JSON that it prints. A busy machine has more time than the program gives by itself: what is to be asked is asked."""
    if "--count" in arguments:
        arguments += ("--duration", 100) + (() if "--timeout" in arguments else ("--timeout", 20))
    command = [programs.rblitz_blast, "--json", *map(str, arguments)]
    if space:
        command = ["ip", "netns", "exec", space, *command]
    # A server that polls has the last CPU.
    command = ["taskset", "-c", str(min(os.sched_getaffinity(0))), *command]
    done = subprocess.run(command, capture_output=True, text=True, timeout=150)
    if done.returncode != code:
        raise AssertionError(f"{command}: {done.returncode}\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout)


class Counts(unittest.TestCase):
    def check_sums(self, counts):
        self.assertEqual(counts["sent"], counts["answered"] + counts["lost"], counts)
        self.assertLessEqual(counts["late"], counts["lost"])
        self.assertEqual(sum(counts["rcodes"].values()), counts["answered"])
        latency = list(counts["latency_us"].values())
        self.assertEqual(latency, sorted(latency))

    def sources_seen(self, port, count, *arguments, space=None):
        """The addresses and ports that `count` questions come from, each answered with its own bytes turned into an answer."""
        seen = set()
        with contextlib.ExitStack() as stack:
            if space:
                stack.enter_context(inside(space))
            server = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            server.bind(("127.0.0.1", port))
            server.settimeout(60)

            def answer():
                for _ in range(count):
                    question, client = server.recvfrom(512)
                    seen.add(client)
                    server.sendto(question[:2] + b"\x80" + question[3:], client)

            thread = threading.Thread(target=answer)
            thread.start()
            try:
                counts = blast("--server", f"127.0.0.1:{port}", "--count", count, *arguments, space=space)
            finally:
                thread.join()
        return seen, counts


@unittest.skipIf(missing_for_namespaces(), missing_for_namespaces())
class Sockets(Counts):
    def test_counts_agree_with_the_servers(self):
        with namespace() as space, Server(kernel(), FILES, space) as server:
            for how in (["--rate", 2000, "--duration", 0.5], ["--rate", 2000, "--arrivals", "random", "--count", 1000], ["--window", 20, "--count", 1000],
                        ["--rate", 2000, "--count", 1000, "--threads", 3, "--edns"]):
                before = server.json("stats")
                counts = blast("--server", "127.0.0.1:5300", "--mix", "ip4:bl.test", "--list", server.folder / "list.txt",
                               "--timeout", 20, *how, space=space)
                self.check_sums(counts)
                self.assertEqual((counts["sent"] + counts["unsent"], counts["lost"], counts["stray"]), (1000, 0, 0), counts)
                stats = server.check_sums(self)
                self.assertEqual(stats["received"] - before["received"], counts["sent"])
                self.assertEqual(stats["answered"] - before["answered"], counts["answered"])
                self.assertGreater(counts["rcodes"]["NOERROR"], 300)
                self.assertGreater(counts["rcodes"]["NXDOMAIN"], 300)

    def test_the_oracle_finds_what_is_wrong(self):
        with namespace() as space, Server(kernel(), FILES, space) as server:
            server.write("right.txt", "".join(f"{i}.2.0.192.bl.test A NOERROR 127.0.0.2\n" for i in range(100)) +
                         "".join(f"{i}.3.0.192.bl.test A NXDOMAIN\n" for i in range(100)))
            text = (server.folder / "right.txt").read_text()
            server.write("questions.txt", "".join(" ".join(line.split()[:2]) + "\n" for line in text.splitlines()))
            server.write("wrong.txt", text.replace("77.2.0.192.bl.test A NOERROR 127.0.0.2", "77.2.0.192.bl.test A NXDOMAIN")
                         .replace("5.3.0.192.bl.test A NXDOMAIN\n6.", "5.3.0.192.bl.test A NOERROR 127.0.0.9\n6."))
            how = ["--server", "127.0.0.1:5300", "--questions", server.folder / "questions.txt", "--order", "sequential",
                   "--count", 400, "--timeout", 20]
            right = blast(*how, "--expect", server.folder / "right.txt", space=space)
            self.check_sums(right)
            self.assertEqual((right["answered"], right["wrong"], right["mistakes"]), (400, 0, []))
            wrong = blast(*how, "--expect", server.folder / "wrong.txt", space=space, code=1)
            self.assertEqual(wrong["wrong"], 4)
            self.assertEqual(sorted(set(wrong["mistakes"])), [
                "5.3.0.192.bl.test A: want NOERROR 127.0.0.9, got NXDOMAIN",
                "77.2.0.192.bl.test A: want NXDOMAIN, got NOERROR 127.0.0.2"])

    def test_another_server_says_what_is_right(self):
        with namespace() as space, Server(kernel(), FILES, space) as server, \
                Server(kernel("127.0.0.1:5301"), {"list.txt": "192.0.2.0/25\n198.51.100.7\n"}, space):
            how = ["--server", "127.0.0.1:5300", "--mix", "ip4:bl.test", "--list", server.folder / "list.txt", "--number", 500,
                   "--count", 500, "--order", "sequential", "--timeout", 20, "--reference"]
            same = blast(*how, "127.0.0.1:5300", space=space)
            self.assertEqual((same["answered"], same["wrong"]), (500, 0))
            other = blast(*how, "127.0.0.1:5301", space=space, code=1)
            self.assertGreater(other["wrong"], 10)
            self.assertEqual(len(other["mistakes"]), 10)
            for mistake in other["mistakes"]:
                self.assertRegex(mistake, r"^\d+\.2\.0\.192\.bl\.test A: want NXDOMAIN, got NOERROR 127\.0\.0\.2$")

    def test_a_ramp_ends_at_what_holds(self):
        with namespace() as space, Server(kernel(), FILES, space):
            result = blast("--server", "127.0.0.1:5300", "--mix", "ip4:bl.test", "--ramp", "--least", 100, "--most", 400,
                           "--step", 0.2, "--repeat", 1, "--max-loss", 99, "--timeout", 5, space=space)
            self.assertEqual(result["highest_rate"], 400)
            self.assertEqual([step["rate"] for step in result["steps"]], [100, 200, 400, 400])
            for step in result["steps"]:
                self.check_sums(step)

    def test_nobody_there_is_a_failure(self):
        with namespace() as space:
            counts = blast("--server", "127.0.0.1:5399", "--mix", "ip4:bl.test", "--rate", 500, "--count", 100, "--timeout", 0.1,
                           space=space, code=1)
            self.check_sums(counts)
            self.assertEqual((counts["sent"], counts["lost"]), (100, 100))
            self.assertGreater(counts["refused"], 0)
            ramp = blast("--server", "127.0.0.1:5399", "--mix", "ip4:bl.test", "--ramp", "--step", 0.1, "--timeout", 0.1,
                         space=space, code=1)
            self.assertEqual((ramp["highest_rate"], len(ramp["steps"])), (0, 1))

    def test_asks_from_every_address_and_port_of_a_prefix(self):
        with namespace() as space:
            subprocess.run(["ip", "-n", space, "route", "add", "local", "10.9.0.0/24", "dev", "lo"], check=True)
            seen, counts = self.sources_seen(5300, 254 * 3 * 32, "--mix", "ip4:bl.test", "--sources", "10.9.0.0/24",
                                             "--source-ports", 3, "--window", 64, "--timeout", 20, space=space)
            self.check_sums(counts)
            self.assertEqual(len(seen), 254 * 3)
            self.assertEqual({address for address, _ in seen}, {f"10.9.0.{i}" for i in range(1, 255)})


def dpdk(vdev, address="10.54.0.53/24"):
    return dpdk_tables([vdev], [[address]]) + ONE_LIST


def port(vdev, address="10.54.0.2/24", mix=("--mix", "ip4:bl.test")):
    """The arguments of rblitz-blast for a port of its own."""
    return ["--eal=--no-pci", "--eal=--no-huge", "--eal=--in-memory", "--eal=--no-telemetry", f"--eal=--vdev={vdev}",
            "--address", address, "--mbufs", 8192, *mix, "--timeout", 20]


@unittest.skipIf(missing_for_namespaces(), missing_for_namespaces())
class Ports(Counts):
    def veth(self):
        """A namespace with a pair of interfaces, near and far."""
        space = self.enterContext(namespace())
        subprocess.run(["ip", "-n", space, "link", "add", "near", "type", "veth", "peer", "name", "far"], check=True)
        for interface in ("near", "far"):
            with inside(space):
                disable_checksum_offload(interface)
            subprocess.run(["ip", "-n", space, "link", "set", interface, "up"], check=True)
        return space

    def check_all_answered(self, counts, count):
        self.check_sums(counts)
        self.assertEqual((counts["sent"], counts["answered"], counts["wrong"], counts["stray"]), (count, count, 0, 0), counts)

    def test_a_port_asks_a_server_on_sockets_from_many_addresses(self):
        space = self.veth()
        for words in (["address", "add", "10.54.0.1/24", "dev", "near"], ["address", "add", "fd54::1/64", "dev", "near", "nodad"],
                      ["route", "add", "10.9.0.0/24", "via", "10.54.0.2", "dev", "near"]):
            subprocess.run(["ip", "-n", space, *words], check=True)
        config = '[server]\nlisten = ["10.54.0.1:53", "[fd54::1]:53"]\n' + ONE_LIST
        vdev = "net_af_packet0,iface=far"
        with Server(config, FILES, space) as server:
            server.write("right.txt", "9.2.0.192.bl.test A NOERROR 127.0.0.2\n9.3.0.192.bl.test A NXDOMAIN\n")
            server.write("questions.txt", "9.2.0.192.bl.test A\n9.3.0.192.bl.test A\n")
            # Behind the port's own address; and each on the link, asked for by ARP one by one.
            for sources in ("10.9.0.0/24", "10.54.0.64/27"):
                counts = blast("--server", "10.54.0.1:53", *port(vdev), "--sources", sources, "--window", 16, "--count", 1000,
                               space=space)
                self.check_all_answered(counts, 1000)
            questions = ["--questions", server.folder / "questions.txt", "--expect", server.folder / "right.txt"]
            counts = blast("--server", "[fd54::1]:53", *port(vdev, "fd54::2/64", mix=()), "--sources", "fd54::100/122", *questions,
                           "--window", 16, "--count", 500, space=space)
            self.check_all_answered(counts, 500)
            self.assertEqual(server.check_sums(self)["answered"], 2500)

    def test_a_port_asks_a_port(self):
        space = self.veth()
        with Server(dpdk("net_af_packet0,iface=near"), FILES, space) as server:
            counts = blast("--server", "10.54.0.53:53", *port("net_af_packet0,iface=far"), "--sources", "10.9.0.0/16",
                           "--window", 16, "--count", 1000, space=space)
            self.check_all_answered(counts, 1000)
            stats = server.check_sums(self)
            self.assertEqual(stats["answered"], 1000)
            self.assertGreaterEqual(stats["arp_replies"], 1)
            # Where the MAC is told nobody is asked for it.
            mac = server.json("status")["ports"][0]["mac"]
            counts = blast("--server", "10.54.0.53:53", *port("net_af_packet0,iface=far"), "--server-mac", mac, "--rate", 1000,
                           "--count", 200, space=space)
            self.check_all_answered(counts, 200)
            self.assertEqual(server.check_sums(self)["arp_replies"], stats["arp_replies"])

    def test_a_port_of_af_xdp_asks_one(self):
        space = self.veth()
        with Server(dpdk("net_af_xdp0,iface=near"), FILES, space) as server:
            counts = blast("--server", "10.54.0.53:53", *port("net_af_xdp0,iface=far"), "--window", 16, "--count", 1000, space=space)
            self.check_all_answered(counts, 1000)
            self.assertEqual(server.check_sums(self)["answered"], 1000)

    def test_a_memif_asks_another_process(self):
        server = Server("", FILES)
        self.addCleanup(server.__exit__)
        memif = f"socket={server.folder}/memif,socket-abstract=no"
        server.write("rblitz.toml", dpdk(f"net_memif0,role=server,{memif},mac=02:00:00:00:00:35"))
        server.start()
        listed = [f"{i}.2.0.192.bl.test A" for i in range(256)] + ["7.100.51.198.bl.test A"]
        others = [f"{i}.3.0.192.bl.test A" for i in range(256)] + ["8.100.51.198.bl.test A"]
        server.write("questions.txt", "".join(line + "\n" for line in listed + others))
        server.write("right.txt", "".join(line + " NOERROR 127.0.0.2\n" for line in listed) +
                     "".join(line + " NXDOMAIN\n" for line in others))
        # What the server does when the other end has gone is not looked at: DPDK 22.11's driver may read rings that are unmapped.
        counts = blast("--server", "10.54.0.53:53", *port(f"net_memif0,role=client,{memif},mac=02:00:00:00:00:01", mix=()),
                       "--questions", server.folder / "questions.txt", "--expect", server.folder / "right.txt",
                       "--order", "sequential", "--window", 16, "--count", 2 * len(listed + others))
        self.check_all_answered(counts, 2 * len(listed + others))
        self.assertEqual(counts["rcodes"], {"NOERROR": 2 * len(listed), "NXDOMAIN": 2 * len(others)})

    def test_a_port_with_nobody_behind_it_fails(self):
        space = self.veth()
        done = subprocess.run(["ip", "netns", "exec", space, programs.rblitz_blast, "--server", "10.54.0.99:53",
                               *map(str, port("net_af_packet0,iface=far"))], capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("rblitz-blast: nobody on the port's network", done.stderr)


class Usage(unittest.TestCase):
    def run_it(self, *arguments):
        return subprocess.run([programs.rblitz_blast, *arguments], capture_output=True, text=True, timeout=60)

    def test_what_is_wrong_is_said(self):
        done = self.run_it("--server", "127.0.0.1:1", "--questions", "/nonexistent")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, r"^rblitz-blast: /nonexistent: ")
        done = self.run_it("--server", "127.0.0.1:1")
        self.assertEqual(done.returncode, 2)
        done = self.run_it("--server", f"127.0.0.1:{free_port()}", "--mix", "ip4:bl.test", "--rate", "1e6", "--timeout", "60")
        self.assertEqual(done.returncode, 1)
        self.assertIn("--source-ports", done.stderr)


if __name__ == "__main__":
    main()
