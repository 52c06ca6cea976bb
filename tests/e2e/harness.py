"""What the end-to-end tests share: a server in a folder of its own, its control socket, and network namespaces.

Usage of a test: TEST.py --rblitzd PATH --rblitz PATH [--check-client PATH] [unittest arguments]
"""

import argparse
import contextlib
import ctypes
import gzip
import json
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

programs = argparse.Namespace()


def main():
    """Runs the tests of the calling file, one line each."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for name in ("rblitzd", "rblitz", "rblitz-policyd", "rblitz-blast", "check-client", "grey-fill", "grey-flood", "clock-shift", "slow-disk"):
        parser.add_argument(f"--{name}", type=lambda path: Path(path).resolve())
    rest = parser.parse_known_args(namespace=programs)[1]
    unittest.main(module="__main__", argv=[sys.argv[0], "-v", *rest])


def free_port():
    """A port of 127.0.0.1 that nobody has now, neither over UDP nor over TCP, and that the kernel gives to nobody who asks for
    any port: a server that is started anew finds it free."""
    first_given = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        address = ("127.0.0.1", random.randrange(10240, max(first_given, 20480)))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp, contextlib.suppress(OSError):
            udp.bind(address)
            tcp.bind(address)
            return address[1]


# The feed "list", of the file list.txt, and the zone bl.test of it.
ONE_LIST = """
[[feed]]
name = "list"
path = "list.txt"
format = "cidr"
[[zone]]
name = "bl.test"
feeds = ["list"]
"""


def dpdk_tables(vdevs, addresses, mbufs=8192, server="", dpdk=""):
    """[server] and [dpdk] of a server on these virtual devices, each a port with its addresses; `server` and `dpdk` are more lines
    of them."""
    eal = ["--no-pci", "--no-huge", "--in-memory", "--no-telemetry", *(f"--vdev={vdev}" for vdev in vdevs)]
    ports = ", ".join(f"{{ port = {i}, addresses = {json.dumps(each)} }}" for i, each in enumerate(addresses))
    return f'''
[server]
io = "dpdk"
state = "state"
{server}
[dpdk]
eal = {json.dumps(eal)}
ports = [ {ports} ]
mbufs = {mbufs}
{dpdk}
'''


def endless_feed():
    """A feed that nobody waits for: 10 million addresses, and then bad lines that take minutes to read."""
    addresses = "".join(f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}\n" for i in range(1 << 20))
    return gzip.compress(addresses.encode(), 1) * 10 + gzip.compress(b"x\n" * (1 << 20)) * 1000


class Waiting:
    """Something with a `process` and its `log`, whose conditions are waited for."""

    def wait_until(self, condition, seconds=60):
        end = time.monotonic() + seconds
        while not condition():
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"waited in vain ({self.process.poll()}):\n{self.log}")
            time.sleep(0.01)


class Server(Waiting):
    """rblitzd with files in a folder of its own; `with Server(config) as server:` starts it and stops it.

    `namespace`: the network namespace it runs in. The configuration's paths are relative to the folder; its control
    socket is control.sock there.
    """

    def __init__(self, config, files=None, namespace=None):
        self.folder = Path(tempfile.mkdtemp(prefix="rblitz-e2e-"))
        self.namespace = namespace
        self.process = None
        self.environment = {}  # what it gets besides that of the test
        self.is_inside = False  # whether it runs in the folder and is told of its configuration by name alone
        self.write("rblitz.toml", config)
        for name, text in (files or {}).items():
            self.write(name, text)

    def write(self, name, data):
        """Replaces a file as a feed's publisher should: whole, under its name at once."""
        new = self.folder / (name + ".new")
        new.write_bytes(data if isinstance(data, bytes) else data.encode())
        new.rename(self.folder / name)

    @property
    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    @property
    def control(self):
        return self.folder / "control.sock"

    def start(self, wait_for="event=started"):
        path = "rblitz.toml" if self.is_inside else self.folder / "rblitz.toml"
        command = [programs.rblitzd, "--config", path, "--control", self.control]
        if self.namespace:
            command = ["ip", "netns", "exec", self.namespace, *command]
        with open(self.folder / "log", "w") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            env=os.environ | self.environment,
                                            cwd=self.folder if self.is_inside else None)
        self.wait_for_log(wait_for)
        return self

    def wait_for_log(self, text, count=1, seconds=60):
        end = time.monotonic() + seconds
        while self.log.count(text) < count:
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"no '{text}' from rblitzd ({self.process.poll()}):\n{self.log}")
            time.sleep(0.01)

    def stop(self, with_signal=signal.SIGTERM):
        """Returns the exit code."""
        self.process.send_signal(with_signal)
        return self.process.wait(timeout=30)

    def reads(self, name):
        """Whether it has this file open now."""
        with contextlib.suppress(OSError):  # a descriptor that is closed meanwhile
            for descriptor in Path(f"/proc/{self.process.pid}/fd").iterdir():
                if descriptor.readlink() == self.folder / name:
                    return True
        return False

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder)

    def rblitz(self, *arguments):
        return subprocess.run([programs.rblitz, "--control", self.control, *arguments], capture_output=True, text=True,
                              timeout=120)

    def json(self, *arguments):
        done = self.rblitz("--json", *arguments)
        if not done.stdout:
            raise AssertionError(f"rblitz {arguments}: {done.returncode}: {done.stderr}")
        return json.loads(done.stdout)

    def connect(self):
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(60)
        client.connect(str(self.control))
        return client

    def check_sums(self, test):
        """received = answered + replies + handed over + dropped, once the server is quiet. Returns the counters."""
        end = time.monotonic() + 5
        while True:
            stats = self.json("stats")
            accounted = (stats["answered"] + stats["arp_replies"] + stats["nd_replies"] + stats["icmp_replies"] +
                         stats["to_kernel"] + sum(stats["dropped"].values()))
            if stats["received"] == accounted or time.monotonic() > end:
                break
            time.sleep(0.05)
        test.assertEqual(stats["received"], accounted, stats)
        return stats


def ask_control(client, request):
    """One request on an open control connection."""
    client.sendall(json.dumps(request).encode() + b"\n")
    return receive_answer(client)


def receive_answer(client):
    answer = b""
    while not answer.endswith(b"\n"):
        part = client.recv(65536)
        if not part:
            raise AssertionError(f"the control connection ended after {answer[:100]}")
        answer += part
    return json.loads(answer)


def missing_for_namespaces():
    """Why no network namespace with a TAP can be made here; empty when it can."""
    if os.geteuid() != 0:
        return "not root: network namespaces cannot be made"
    if shutil.which("ip") is None:
        return "the program ip is missing"
    if not Path("/dev/net/tun").exists():
        return "there is no /dev/net/tun"
    name = f"rblitz-probe-{os.getpid()}"
    if subprocess.run(["ip", "netns", "add", name], capture_output=True).returncode != 0:
        return "network namespaces cannot be made here"
    subprocess.run(["ip", "netns", "delete", name], check=True)
    return ""


@contextlib.contextmanager
def namespace():
    """A network namespace of its own, gone afterwards."""
    name = f"rblitz-e2e-{os.getpid()}-{time.monotonic_ns() % 1000000}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
        yield name
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)


@contextlib.contextmanager
def inside(name):
    """This thread's sockets belong to the namespace meanwhile."""
    setns = ctypes.CDLL(None, use_errno=True).setns
    with open("/proc/self/ns/net") as before, open(f"/run/netns/{name}") as there:
        if setns(there.fileno(), 0) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        try:
            yield
        finally:
            if setns(before.fileno(), 0) != 0:
                os._exit(1)  # every later test would run in the wrong place


def disable_checksum_offload(interface):
    """ethtool -K INTERFACE tx off: a veth would leave checksums to hardware that there is none of."""
    import fcntl
    value = ctypes.create_string_buffer(struct.pack("II", 0x17, 0))  # ETHTOOL_STXCSUM
    request = struct.pack("16sP", interface.encode(), ctypes.addressof(value)) + bytes(16)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8946, request)  # SIOCETHTOOL
