"""Through the kernel: answers a second, instructions and latency beside rbldnsd, NSD and Knot (P7 and latency)."""

import contextlib
import json
import os
import random
import re
import shlex
import signal
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

from suite import servers
from suite.loading import CLIENT_CORE, SERVER_CORE, Singles, make, ports
from suite.measure import BUILD, QUANTILES, ROOT, Part, Result, ran, run

sys.path.insert(0, str(ROOT / "tests/e2e"))
import harness  # noqa: E402

SOCKETS = {"rblitzd": servers.rblitzd, "rbldnsd": servers.rbldnsd, "nsd": servers.nsd, "knotd": servers.knot}
HOST = "10.77.0.53"


def questions(folder, data, count):
    """A file of dnsperf's format, and one of what is right for each."""
    path, expected = folder / f"questions-{count}.txt", folder / f"expected-{count}.txt"
    if not path.exists():
        with path.open("w") as out, expected.open("w") as right:
            for address in data.questions(count):
                name = f"{'.'.join(reversed(ports.dotted(address).split('.')))}.{servers.ZONE}"
                out.write(f"{name} A\n")
                right.write(f"{name} A {'NOERROR 127.0.0.2' if data.listed(address) else 'NXDOMAIN'}\n")
    return path, expected


def _dnsperf(file, seconds, server):
    """Answers a second, microseconds of the server's time for each, and the share of it that is the kernel's; after a second that warms up."""
    command = ["taskset", "-c", CLIENT_CORE, "dnsperf", "-s", "127.0.0.1", "-p", servers.PORT, "-d", file, "-c", 1, "-T", 1, "-q", 100]
    run([*command, "-l", 1])
    before = ran(server.process.pid)
    text = run([*command, "-l", seconds])
    codes = {code: float(share) for code, share in re.findall(r"(NOERROR|NXDOMAIN) \d+ \(([\d.]+)%\)", text)}
    if not all(40 < codes.get(code, 0) < 60 for code in ("NOERROR", "NXDOMAIN")):
        raise RuntimeError(f"dnsperf: half of the answers were to be of each kind: {codes}\n{text}")
    number = lambda what: float(re.search(rf"{what}:\s+([\d.]+)", text)[1])
    user, kernel = (now - then for now, then in zip(ran(server.process.pid), before))
    return number("Queries per second"), 1e6 * (user + kernel) / number("Queries completed"), kernel / (user + kernel)


def _settle(name, server):
    """What rblitzd keeps for its next start is written once it serves, what others read was written for them: not while they are measured."""
    if name.startswith("rblitzd"):
        ports.wait_for_copies(server.process.pid)
    os.sync()


@contextlib.contextmanager
def wire():
    """Two namespaces with a veth between them; the server's end is port0, with HOST/24, the client's client0 with .1."""
    with harness.namespace() as client, harness.namespace() as server:
        subprocess.run(["ip", "-n", client, "link", "add", "client0", "type", "veth", "peer", "name", "port0", "netns", server], check=True)
        for space, device, address in ((client, "client0", "10.77.0.1/24"), (server, "port0", f"{HOST}/24")):
            with harness.inside(space):
                harness.disable_checksum_offload(device)
            subprocess.run(["ip", "-n", space, "address", "add", address, "dev", device], check=True)
            subprocess.run(["ip", "-n", space, "link", "set", device, "up"], check=True)
        yield client, server


def _leave_to_programs(client):
    """Programs on AF_PACKET and AF_XDP get what comes for the client, its kernel does not: it looked for a route for each answer to rblitz-blast, on the server's core."""
    run(["ip", "netns", "exec", client, "nft",
         "add table netdev bench; add chain netdev bench client0 { type filter hook ingress device client0 priority 0; policy drop; }"])


def _mac(space, device):
    return json.loads(subprocess.run(["ip", "-j", "-n", space, "link", "show", device], capture_output=True, check=True).stdout)[0]["address"]


def _kxdpgun(client, server, file, rate, seconds, port):
    """Answers to questions at this rate, those of the second after the last one included."""
    subprocess.run(["ip", "-n", client, "neighbour", "replace", HOST, "lladdr", _mac(server, "port0"), "dev", "client0", "nud", "permanent"], check=True)
    text = run(["ip", "netns", "exec", client, "taskset", "-c", CLIENT_CORE, "kxdpgun", "-t", seconds, "-Q", rate, "-F", 0, "-I", "client0",
                "-p", port, "-i", file, HOST])
    return int(re.search(r"total replies: +(\d+)", text)[1])


@contextlib.contextmanager
def _packets(space, device, every=0.02):
    """Gives a list to which (seconds, packets received, packets sent) of a device are added meanwhile."""
    samples, ended = [], threading.Event()

    def look():
        with harness.inside(space):
            while not ended.wait(every):
                row = re.search(rf"\b{device}:(.*)", Path("/proc/thread-self/net/dev").read_text())[1].split()
                samples.append((time.monotonic(), int(row[1]), int(row[9])))
    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield samples
    finally:
        ended.set()
        thread.join()


def sent_while_asked(samples):
    """Packets a second that were sent from the first to the last whole interval between samples in which as many came as a tenth of the most."""
    came = [after[1] - before[1] for before, after in zip(samples, samples[1:])]
    busy = [at for at, count in enumerate(came) if count * 10 > max(came)]
    if len(busy) < 5:
        raise RuntimeError(f"packets came in {len(busy)} intervals only")
    (began, _, before), (ended, _, after) = samples[busy[0] + 1], samples[busy[-1]]
    return (after - before) / (ended - began)


def _answers_to(client, server, file, rate, port):
    """Answers a second that left the server while it was asked at this rate for a second, and came: what waits in its queue then is answered afterwards."""
    with _packets(server, "port0") as samples:
        replies = _kxdpgun(client, server, file, rate, 1, port)
    return min(replies, sent_while_asked(samples))


def _most(context, name, client, server, file, port):
    """Most answers a second over rates that double until two bring no more, and those half-way around the best of them; of later rounds, over the best and one of these.
    Who answers nearly all of the best rate is asked a quarter more."""
    answers_to = lambda rate: _answers_to(client, server, file, rate, port)
    if context.smoke:
        return answers_to(2000)
    best = context.so_far("kernel", "best rate", name)
    answers = {best["rate"]: answers_to(best["rate"])} if best else {}
    for rate in () if best else (100_000, 200_000, 400_000, 800_000, 1_600_000):
        answers[rate] = answers_to(rate)
        if max(answers, key=answers.get) * 2 < rate:
            break
    middle = max(answers, key=answers.get)
    around = (middle * 3 // 4, middle * 3 // 2)
    answers |= {rate: answers_to(rate) for rate in ((around[context.round % 2],) if best else around)}
    highest = max(answers, key=answers.get)
    if answers[highest] > 0.97 * highest:
        answers[highest * 5 // 4] = answers_to(highest * 5 // 4)
    best["rate"] = max(answers, key=answers.get)
    return answers[best["rate"]]


XDP = """io = "dpdk"
workers = 1
cores = [1]
[dpdk]
eal = ["--no-pci", "--no-huge", "-m", "512", "--in-memory", "--no-telemetry", "--vdev=net_af_xdp0,iface=port0"]
ports = [ { port = 0, addresses = ["10.77.0.53/24"] } ]
mbufs = 16384
"""


def _checked(where, found, server, file, expected, count, *words):
    """Each question of the file asked once, its answer compared."""
    counts = json.loads(run([*found, BUILD / "rblitz-blast", "--server", server, "--questions", file, "--expect", expected, "--count", count,
                             "--order", "sequential", "--window", 50, "--timeout", 5, "--duration", 60, *words, "--json"]))
    if counts["wrong"] or counts["answered"] < 0.99 * count:
        raise RuntimeError(f"{where}: {counts['answered']} answers to {count} questions, wrong: {counts['mistakes'][:5]}")
    return f"{where}: {counts['answered']:,} of {counts['sent']:,} answers compared with the list, {counts['wrong']} wrong"


def _over_wire(context, folder, feed, last, file, name, expected, count):
    """The best rate of one server behind a veth, and what a comparison of its answers found, in the first round. Latencies on the way, where they are wanted."""
    with wire() as (client, space):
        start = {"rblitzd": lambda: servers.rblitzd(folder, feed, [SERVER_CORE], HOST, space),
                 "knotd": lambda: servers.knot(folder, feed, [SERVER_CORE], HOST, space),
                 "rbldnsd": lambda: servers.rbldnsd(folder, feed, [SERVER_CORE], HOST, space),
                 "nsd": lambda: servers.nsd(folder, feed, [SERVER_CORE], HOST, space),
                 "rblitzd af_xdp": lambda: servers.rblitzd(folder, feed, None, HOST, space, XDP),
                 "knotd XDP": lambda: servers.knot(folder, feed, [SERVER_CORE], HOST, space, xdp=f"port0@{servers.PORT}")}[name]
        with start() as server:
            port = 53 if name == "rblitzd af_xdp" else servers.PORT
            if name in XDP_SERVERS:
                _leave_to_programs(client)
                _wait_by_kxdpgun(client, space, file, port)
                server.keep_cores()
            else:
                with harness.inside(client):
                    server.wait_for(last, HOST)
            _settle(name, server)
            checked = ""
            if context.round == 0:
                found = ["ip", "netns", "exec", client, "taskset", "-c", CLIENT_CORE]
                words = ["--server-mac", _mac(space, "port0"), *PORT_WORDS] if name in XDP_SERVERS else []
                checked = _checked(f"veth, {name}", found, f"{HOST}:{port}", file, expected, count, *words)
            rate = _most(context, name, client, space, file, port) if "P7" in context.wanted else None
            if name in XDP_SERVERS and "latency" in context.wanted:
                _xdp_latencies(context, name, client, space, file, expected, port)
        subprocess.run(["ip", "-n", space, "link", "set", "dev", "port0", "xdp", "off"], check=False, capture_output=True)
        return rate, checked


def _wait_by_kxdpgun(client, space, file, port):
    """A server that is asked by frames alone has no socket to try."""
    for _ in range(10):
        if _kxdpgun(client, space, file, 100, 1, port) > 0:
            return
    raise RuntimeError("no answer over AF_XDP")


# To a processor, a string of bytes that is copied or set by one instruction is one; callgrind counts each byte. So the C library has to use others.
WITHOUT_STRINGS = ":".join(f"glibc.cpu.x86_rep_{what}_threshold=0x10000000" for what in ("movsb", "stosb"))


def _instructions(context, folder, feed, last, file, name):
    """User instructions a question: the difference between few questions and many, of one server under callgrind."""
    few, many = (200, 1200) if context.smoke else (20_000, 60_000)
    counts = []
    for asked in (few, many):
        out = folder / f"callgrind.{name}"
        for old in folder.glob(f"callgrind.{name}*"):
            old.unlink()
        process = SOCKETS[name](folder, feed)
        process.command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}.%p", *process.command]
        process.environment["GLIBC_TUNABLES"] = WITHOUT_STRINGS
        if "-u" in process.command:  # rbldnsd does not stay root, and callgrind's file would be root's
            at = process.command.index("-u")
            process.command[at:at + 2] = []
            process.command[:0] = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
            folder.chmod(0o777)
        with process as server:
            server.wait_for(last, seconds=600)
            time.sleep(1)
            text = run([BUILD / "rblitz-blast", "--server", f"127.0.0.1:{servers.PORT}", "--questions", file, "--count", asked, "--window", 64,
                        "--duration", 600, "--timeout", 20, "--json"], 700)
            answered = json.loads(text)["answered"]
        total = 0
        for part in folder.glob(f"callgrind.{name}*"):
            total += sum(int(line.split()[1]) for line in part.read_text().splitlines() if line.startswith("totals:"))
        if not total or not answered:
            raise RuntimeError(f"{name} under callgrind: {answered} answers, {total} instructions")
        counts.append((answered, total))
    (first, least), (last_count, most) = counts
    return (most - least) / (last_count - first)


def p7(context):
    folder = context.folder("kernel")
    entries = context.entries(1_000_000)
    feed, last, data = make(folder, entries, Singles)
    count = 1000 if context.smoke else 100_000
    file, expected = questions(folder, data, count)
    seconds = 1 if context.smoke else 3
    rates, times, shares, wires, counts = (context.runs("kernel", what) for what in ("rates", "times", "shares", "wires", "counts"))
    checked, first = context.so_far("kernel", "checked", make=list), context.round == 0
    for name, start in list(SOCKETS.items())[::-1 if context.round % 2 else 1]:  # nobody is always the first
        with start(folder, feed, [SERVER_CORE]) as server:
            server.wait_for(last)
            _settle(name, server)
            for found, value in zip((rates, times, shares), _dnsperf(file, seconds, server)):
                found[name].append(value)
            if name in SOCKET_SERVERS and "latency" in context.wanted:
                _socket_latencies(context, name, file, expected, rates[name][-1])
            if first:
                checked.append(_checked(f"loopback, {name}", [], f"127.0.0.1:{servers.PORT}", file, expected, count))
    names = ("rblitzd af_xdp", "knotd XDP") if context.smoke else ("rblitzd", "rbldnsd", "nsd", "knotd", "rblitzd af_xdp", "knotd XDP")
    for name in names[::-1 if context.round % 2 else 1]:
        rate, found = _over_wire(context, folder, feed, last, file, name, expected, count)
        wires[name].append(rate)
        checked += [found] if found else []
    small, small_last, small_data = make(context.folder("kernel-small"), 2000 if context.smoke else 20_000, Singles)
    small_file, _ = questions(small.parent, small_data, 500 if context.smoke else 20_000)
    # rblitzd takes at once what has come: how many questions a call finds, and so what each costs, is the run's luck. Peers are counted once, it twice.
    for name in ("rblitzd", "rbldnsd") if context.smoke else ("rblitzd", "rbldnsd", "knotd"):
        if first or (name == "rblitzd" and context.round == 1):
            counts[name].append(_instructions(context, small.parent, small, small_last, small_file, name))
    to = lambda peer: [own / counts[peer][0] for own in counts["rblitzd"]]
    best = max((name for name in SOCKETS if name != "rblitzd"), key=lambda name: statistics.median(rates[name]))
    parts = [Part(f"dnsperf on loopback, to the best peer ({best})", "ratio", [a / b for a, b in zip(rates["rblitzd"], rates[best])], 1)]
    if not context.smoke:
        best_wire = max(("rbldnsd", "nsd", "knotd"), key=lambda name: statistics.median(wires[name]))
        parts.append(Part(f"kxdpgun over veth, sockets, to the best peer ({best_wire})", "ratio", [a / b for a, b in zip(wires["rblitzd"], wires[best_wire])], 1))
    parts.append(Part("af_xdp to Knot XDP, kxdpgun over veth", "ratio", [a / b for a, b in zip(wires["rblitzd af_xdp"], wires["knotd XDP"])], 1))
    parts.append(Part("user instructions a question, 64 under way, to rbldnsd", "ratio", to("rbldnsd"), 1 / 5, True))
    if "knotd" in counts:
        parts.append(Part("user instructions a question, 64 under way, to Knot", "ratio", to("knotd"), 1 / 10, True))
    beside = [Part(f"{name}, dnsperf", "answers/s", found) for name, found in rates.items()]
    beside += [Part(f"{name}, time of the server an answer to dnsperf", "us", found) for name, found in times.items()]
    beside += [Part(f"{name}, veth", "answers/s", found) for name, found in wires.items()]
    beside += [Part(f"{name}, user instructions", "a question", found) for name, found in counts.items()]
    return Result("through the kernel, 1 million addresses, a core each for server and client", "bench/run P7", parts, beside, checked="; ".join(checked),
                  bound=f"an answer to dnsperf takes {statistics.median(times['rblitzd']):.1f} us of rblitzd's time, {statistics.median(shares['rblitzd']):.0%} of it the kernel's: its own "
                        f"instructions a question are {statistics.median(counts['rblitzd']):.0f} where rbldnsd has {counts['rbldnsd'][0]:.0f}. {_busy(rates, times)}")


def _busy(rates, times):
    """How much of its core each server needed while dnsperf asked as fast as it could."""
    each = {name: statistics.median(rate * us / 1e6 for rate, us in zip(rates[name], times[name])) for name in ("rblitzd", "rbldnsd")}
    return ", ".join(f"{name} was busy for {share:.0%} of the time" for name, share in each.items()) + ": dnsperf, one thread on the other core, asks no faster"


TIMEOUT = 0.5  # seconds, of what is never answered


def _blast(found, *words):
    """p50, p99, p99.9 in microseconds of a run of rblitz-blast, the answers a second, and of 1,000 questions how many had no answer in time, and how many were
    due and never sent. A quantile that both together reach is the timeout; below that it is of the answered."""
    counts = json.loads(run([*found, BUILD / "rblitz-blast", *words, "--timeout", TIMEOUT, "--json"]))
    if counts["wrong"]:
        raise RuntimeError(f"wrong answers: {counts['mistakes'][:5]}")
    lost, unsent = (1000 * counts[what] / (counts["sent"] + counts["unsent"]) for what in ("lost", "unsent"))
    us = [counts["latency_us"][quantile] if lost + unsent < above else 1e6 * TIMEOUT for quantile, above in (("p50", 500), ("p99", 10), ("p99_9", 1))]
    return us, counts["answers_per_second"], {"lost": lost, "not sent": unsent}


SHARES = (0.1, 0.5, 0.9)  # of a server's own capacity


def _latencies(context, name, ask, capacity):
    """Adds to the runs of one server."""
    found = context.runs("latency")  # (server, "capacity") or (server, share of it, quantile): microseconds
    found[name, "capacity"].append(capacity)
    for share in SHARES[1:2] if context.smoke else SHARES:
        us, _, failed = ask("--rate", int(capacity * share) if not context.smoke else 500, "--duration", 1)
        for quantile, value in zip(QUANTILES, us):
            found[name, f"{share:.0%}", quantile].append(value)
        for what, value in failed.items():
            found[name, f"{share:.0%}", what].append(value)


def _socket_latencies(context, name, file, expected, capacity):
    """Of a server on loopback that runs, to which dnsperf found this capacity."""
    ask = lambda *words: _blast(["taskset", "-c", CLIENT_CORE], "--server", f"127.0.0.1:{servers.PORT}", "--questions", file, "--expect", expected, *words)
    _latencies(context, name, ask, capacity)


def _xdp_latencies(context, name, client, server, file, expected, port):
    """Of a server on AF_XDP that runs, asked from a port at the other end of a veth."""
    where = ["ip", "netns", "exec", client, "taskset", "-c", CLIENT_CORE]
    ask = lambda *words: _blast(where, "--server", f"{HOST}:{port}", "--server-mac", _mac(server, "port0"), "--questions", file, "--expect", expected,
                                *PORT_WORDS, *words)
    _latencies(context, name, ask, ask("--window", 128, "--duration", 1 if context.smoke else 2)[1])


PORT_WORDS = ["--eal=--no-pci", "--eal=--no-huge", "--eal=-m", "--eal=256", "--eal=--in-memory", "--eal=--no-telemetry",
              "--eal=--vdev=net_af_packet0,iface=client0", "--address", "10.77.0.9/24", "--mbufs", 8192]


SOCKET_SERVERS, XDP_SERVERS = ("rblitzd", "knotd", "rbldnsd"), ("rblitzd af_xdp", "knotd XDP")


def latency(context):
    """p50, p99, p99.9 by load, on sockets and over AF_XDP; client and server have a core each. Where P7 is measured too, its servers were asked."""
    folder = context.folder("kernel")
    feed, last, data = make(folder, context.entries(1_000_000), Singles)
    count = 1000 if context.smoke else 100_000
    file, expected = questions(folder, data, count)
    found = context.runs("latency")
    for name in SOCKET_SERVERS if "P7" not in context.wanted else ():
        with SOCKETS[name](folder, feed, [SERVER_CORE]) as server:
            server.wait_for(last)
            _settle(name, server)
            _socket_latencies(context, name, file, expected, _dnsperf(file, 1 if context.smoke else 2, server)[0])
    for name in XDP_SERVERS if "P7" not in context.wanted else ():
        _over_wire(context, folder, feed, last, file, name, expected, count)
    to = lambda us, peer: [a / b for a, b in zip(found[us, "50%", "p99"], found[peer, "50%", "p99"])]
    parts = [Part("p99 at half of its capacity, sockets, to Knot's at half of its own", "times", to("rblitzd", "knotd")),
             Part("p99 at half of its capacity, AF_XDP, to Knot's at half of its own", "times", to("rblitzd af_xdp", "knotd XDP"))]
    unit = lambda key: "answers/s" if key[1] == "capacity" else "us" if key[2] in QUANTILES else "of 1,000"
    beside = [Part(f"{key[0]}, capacity" if key[1] == "capacity" else f"{key[0]} at {key[1]}, {key[2]}", unit(key), runs) for key, runs in found.items()]
    series = lambda names: {name: {f"{share:.0%}": [statistics.median(found[name, f"{share:.0%}", quantile]) for quantile in QUANTILES]
                                   for share in SHARES if (name, f"{share:.0%}", "p50") in found} for name in names}
    return Result("latency by load", "bench/run latency", parts, beside, checked="every answer of every server compared with the list",
                  series={"latency by load": series(SOCKET_SERVERS), "latency by load, AF_XDP": series(XDP_SERVERS)})
