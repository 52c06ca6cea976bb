"""Servers that are measured on kernel sockets, each started alone: rblitzd, rbldnsd, NSD, Knot."""

import contextlib
import os
import shlex
import shutil
import signal
import socket
import struct
import subprocess
import time
from pathlib import Path

from suite.measure import BUILD, PEERS, say, wait

ZONE = "bl.example.com"
PORT = 5388
LIBRARIES = str(PEERS / f"usr/lib/{os.uname().machine}-linux-gnu")


def question(address, identity=1):
    labels = [b"%d" % octet for octet in reversed(address.to_bytes(4, "big"))] + [label.encode() for label in ZONE.split(".")]
    return struct.pack(">6H", identity, 0x100, 1, 0, 0, 0) + b"".join(bytes([len(label)]) + label for label in labels) + b"\0\0\1\0\1"


class Asker:
    """Asks one question until it is answered as wanted."""

    def __init__(self, port=PORT, host="127.0.0.1"):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect((host, port))
        self.socket.settimeout(0.002)
        self.identity = 0

    def is_listed(self, address):
        self.identity = (self.identity + 1) & 0xFFFF
        try:
            self.socket.send(question(address, self.identity))
            while True:
                answer = self.socket.recv(512)
                if answer[:2] == self.identity.to_bytes(2, "big"):
                    return answer[3] & 15 == 0 and answer[6:8] == b"\0\1" and answer.endswith(bytes([127, 0, 0, 2]))
        except OSError:
            time.sleep(0.001)
            return False


class Process:
    """A server in a folder, on these cores; `with` ends it."""

    def __init__(self, name, command, folder, cores=None, namespace=None):
        self.name, self.folder, self.cores = name, folder, cores
        command = list(map(str, command))
        if cores:
            command = ["taskset", "-c", ",".join(map(str, cores)), *command]
        if namespace:
            command = ["ip", "netns", "exec", namespace, *command]
        self.command = command
        self.environment = {"LD_LIBRARY_PATH": LIBRARIES}

    def __enter__(self):
        say("+", shlex.join(self.command))
        with (self.folder / f"{self.name}.log").open("w") as log:
            self.started = time.monotonic()
            self.process = subprocess.Popen(self.command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=os.environ | self.environment)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def wait_for(self, address, host="127.0.0.1", port=PORT, seconds=300):
        """Until this address is answered as listed; the seconds since the start."""
        asker = Asker(port, host)

        def is_there():
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended:\n" + (self.folder / f"{self.name}.log").read_text()[-2000:])
            return asker.is_listed(address)
        wait(is_there, self.name, seconds)
        took = time.monotonic() - self.started
        self.keep_cores()
        return took

    def keep_cores(self):
        """Knot's UDP workers choose a core each, whatever the process was given: the first is core 0, which belongs to who asks."""
        for task in Path(f"/proc/{self.process.pid}/task").iterdir() if self.cores else ():
            with contextlib.suppress(ProcessLookupError):  # a thread that ended meanwhile
                os.sched_setaffinity(int(task.name), self.cores)


def rblitzd(folder, feed, cores=None, host="127.0.0.1", namespace=None, io=""):
    shutil.rmtree(folder / "state", ignore_errors=True)
    io = io or f'io = "kernel"\nlisten = ["{host}:{PORT}"]\n'
    (folder / "rblitz.toml").write_text(f'[server]\nstate = "state"\ncontrol = "control.sock"\n{io}\n[[feed]]\nname = "list"\npath = "{feed}"\n'
                                        f'format = "ip4set"\ncheck = "0"\n[[zone]]\nname = "{ZONE}"\nfeeds = ["list"]\n')
    return Process("rblitzd", [BUILD / "rblitzd", "--config", folder / "rblitz.toml"], folder, cores, namespace)


def rbldnsd(folder, feed, cores=None, host="127.0.0.1", namespace=None, dataset="ip4set"):
    return Process("rbldnsd", [PEERS / "usr/sbin/rbldnsd", "-n", "-a", "-u", "65534:65534", "-c", "0", "-b", f"{host}/{PORT}",
                               f"{ZONE}:{dataset}:{feed}"], folder, cores, namespace)


def zone_file(folder, feed):
    """What NSD and Knot read, as rbldnsd writes it."""
    path = folder / "zone"
    if not path.exists() or path.stat().st_mtime < feed.stat().st_mtime:
        with path.open("w") as out:
            out.write("$ORIGIN .\n$TTL 2100\n")
            out.write(f"{ZONE}. IN SOA ns.{ZONE}. hostmaster.{ZONE}. 1 3600 600 86400 300\n{ZONE}. IN NS ns.{ZONE}.\nns.{ZONE}. IN A 127.0.0.1\n")
            for line in feed.open():
                address, slash, _ = line.strip().partition("/")
                if not slash:
                    out.write(f"{'.'.join(reversed(address.split('.')))}.{ZONE}. A 127.0.0.2\n")
    return path


def nsd(folder, feed, cores=None, host="127.0.0.1", namespace=None):
    zone = zone_file(folder, feed)
    (folder / "nsd.conf").write_text(f"""server:
  ip-address: {host}@{PORT}
  server-count: 1
  username: ""
  chroot: ""
  zonesdir: "{folder}"
  pidfile: "{folder}/nsd.pid"
  database: ""
  xfrdfile: "{folder}/xfrd.state"
  zonelistfile: "{folder}/zone.list"
  logfile: "{folder}/nsd.messages"
  minimal-responses: yes
  rrl-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: {ZONE}
  zonefile: "{zone}"
""")
    return Process("nsd", [PEERS / "usr/sbin/nsd", "-d", "-c", folder / "nsd.conf"], folder, cores, namespace)


def knot(folder, feed, cores=None, host="127.0.0.1", namespace=None, xdp=""):
    zone = zone_file(folder, feed)
    (folder / "run").mkdir(exist_ok=True)
    listen = f"listen: {host}@{PORT}" if not xdp else f"listen: 127.0.0.1@{PORT}"
    (folder / "knot.conf").write_text(f"""server:
  {listen}
  rundir: "{folder}/run"
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
database:
  storage: "{folder}/run"
{f'xdp:{chr(10)}  listen: {xdp}{chr(10)}' if xdp else ''}log:
  - target: stderr
    any: warning
template:
  - id: default
    journal-content: none
    zonemd-verify: off
    semantic-checks: off
    zonefile-sync: -1
zone:
  - domain: {ZONE}
    file: "{zone}"
""")
    return Process("knotd", [PEERS / "usr/sbin/knotd", "-c", folder / "knot.conf"], folder, cores, namespace)
