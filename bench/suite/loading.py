"""Loading beside rbldnsd, and reloads under load (P5, P6)."""

import contextlib
import importlib.machinery
import importlib.util
import json
import signal
import statistics
import subprocess
import sys
import threading
import time

from suite import servers
from suite.measure import BUILD, ROOT, Part, Result, forget_peak, peak, ran, run, wait

loader = importlib.machinery.SourceFileLoader("port_to_port", str(ROOT / "bench/port_to_port"))
ports = importlib.util.module_from_spec(importlib.util.spec_from_loader("port_to_port", loader))
loader.exec_module(ports)

LAST = 0xC6336407  # 198.51.100.7, at the end of one version of the list


class Singles(ports.Ip4):
    """A list without networks, which NSD and Knot can serve too."""
    count_of_networks = 0


def make(folder, entries, kind=ports.Ip4):
    """feed0.txt of the data of P1: that many lines, and networks. Returns it, the address that is its last, and the data."""
    data = ports.Data(entries, 1, kind)
    feed = folder / "feed0.txt"
    recipe = folder / f"recipe-{kind.__name__}-{entries}"
    if not recipe.exists():
        for old in folder.glob("recipe-*"):
            old.unlink()
        data.write(folder)
        recipe.touch()
    at = entries - 1
    while ports.reserved(data.address(at)):
        at -= 1
    return feed, data.address(at), data


def _versions(folder, feed):
    """A reload is a file with one address more, renamed over the list."""
    served, more = folder / "list.txt", folder / "more.txt"
    if not more.exists() or more.stat().st_mtime < feed.stat().st_mtime:
        more.write_bytes(feed.read_bytes() + f"{ports.dotted(LAST)}\n".encode())
    served.unlink(missing_ok=True)
    served.hardlink_to(feed)
    return served, more


def _once(folder, feed, last, start, cores):
    """Seconds and most memory of a cold start, and of a reload, until its copy for the next start is there; then the CPU time of both."""
    served, more = _versions(folder, feed)
    served.read_bytes(), more.read_bytes()  # both in the page cache
    with start(folder, served, cores) as server:
        cold, cold_peak, cold_cpu = server.wait_for(last), peak(server.process.pid), sum(ran(server.process.pid))
        new = folder / "new"
        new.hardlink_to(more)
        forget_peak(server.process.pid)
        before = sum(ran(server.process.pid))
        begin = time.monotonic()
        new.rename(served)
        server.process.send_signal(signal.SIGHUP)
        asker = servers.Asker()
        wait(lambda: asker.is_listed(LAST), f"reload of {server.name}")
        took, cpu = time.monotonic() - begin, sum(ran(server.process.pid)) - before
        ports.wait_for_copies(server.process.pid)
        return cold, cold_peak, took, peak(server.process.pid), cold_cpu, cpu


PROGRAMS = {"rblitzd": servers.rblitzd, "rbldnsd": servers.rbldnsd}


def p5(context):
    folder = context.folder("loading")
    feed, last, _ = make(folder, context.entries(10_000_000))
    parts, beside, work = [], [], {}
    for cores, mark in ((None, 1 / 5), ([1], 1 / 3)):
        runs = context.runs("loading", cores is None)
        for name, start in PROGRAMS.items():
            runs[name].append(_once(folder, feed, last, start, cores))
        where = "one core" if cores else "both cores"
        for at, what in ((0, "cold start"), (2, "reload")):
            parts.append(Part(f"{what}, {where}", "of rbldnsd's time", [a[at] / b[at] for a, b in zip(runs["rblitzd"], runs["rbldnsd"])], mark, True))
            beside += [Part(f"{name}, {what}, {where}", "s", [one[at] for one in found]) for name, found in runs.items()]
        if not cores:
            for at, took, what in ((4, 0, "cold start"), (5, 2, "reload")):
                work[what] = statistics.median(a[at] / b[took] for a, b in zip(runs["rblitzd"], runs["rbldnsd"]))
                beside.append(Part(f"rblitzd, CPU time of all threads, {what}", "s", [one[at] for one in runs["rblitzd"]]))
            for at, what, limit in ((1, "cold start", 1 / 2), (3, "reload", 1)):
                parts.append(Part(f"most memory, {what}", "of rbldnsd's", [a[at] / b[at] for a, b in zip(runs["rblitzd"], runs["rbldnsd"])], limit, True))
                beside += [Part(f"{name}, most memory, {what}", "MB", [one[at] for one in found]) for name, found in runs.items()]
    return Result("loading 10 million lines of ip4set text, kernel sockets, beside rbldnsd", "bench/run P5", parts, beside,
                  checked="the clock stops at the first right answer for the last address of the file, which its networks follow; at a reload for its last line", bound=_bound(feed, runs, work))


def _bound(feed, one_core, work):
    """What of a cold start on one core is reading the file; and what two cores could be at best."""
    begin = time.monotonic()
    with feed.open("rb", buffering=0) as file:
        while file.read(1 << 18):
            pass
    reading = time.monotonic() - begin
    cold = min(one[0] for one in one_core["rblitzd"])
    return (f"of {cold:.2f} s on one core {reading:.2f} are reading the file from the page cache. All CPU time of rblitzd divided by two cores would be "
            f"{work['cold start'] / 2:.2f} of rbldnsd's time for a cold start and {work['reload'] / 2:.2f} for a reload")


class Reloads:
    """Swaps two versions of a list all the time."""

    def __init__(self, server, served, versions):
        self.server, self.served, self.versions, self.ended, self.spans = server, served, versions, threading.Event(), []
        self.error = None

    def __enter__(self):
        self.thread = threading.Thread(target=self.swap)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()
        if self.error or not self.spans:
            raise RuntimeError(f"no reloads: {self.error}")

    def swap(self):
        try:
            self.swap_until_ended()
        except Exception as error:  # told by __exit__
            self.error = error

    def loaded(self):
        return (self.server.folder / "rblitzd.log").read_text().count("event=feed_loaded")

    def swap_until_ended(self):
        while not self.ended.wait(0.2):
            self.versions.reverse()
            new = self.served.with_name("new")
            new.hardlink_to(self.versions[0])
            new.rename(self.served)
            begin, before = time.time(), self.loaded()
            self.server.process.send_signal(signal.SIGHUP)
            wait(lambda: self.loaded() > before, "reload of rblitzd", pause=0.02)
            self.spans.append((begin, time.time()))


CLIENT_CORE, SERVER_CORE = 0, 1


@contextlib.contextmanager
def _spinning():
    """A thread on each core that does nothing else, when nobody else wants to run: what any work beside a server costs on such a machine."""
    spinners = [subprocess.Popen(["timeout", "60", "chrt", "-i", "0", "taskset", "-c", str(core), sys.executable, "-c", "while True: pass"])
                for core in (CLIENT_CORE, SERVER_CORE)]
    try:
        yield
    finally:
        for spinner in spinners:
            spinner.terminate()
            spinner.wait()


def _timeline(counts):
    """Latencies by time, and the seconds from when a reload was asked for to when it was served."""
    found = counts["timeline_us"]
    began, step = found["began"], found["step"]
    return {"seconds": [(at + 0.5) * step for at in range(len(found["p50"]))], "p50": found["p50"], "p99": found["p99"], "max": found["max"],
            "reloads": [[max(begin - began, 0), end - began] for begin, end in counts["reloads"] if end > began]}


def p6(context):
    folder = context.folder("loading")
    feed, last, data = make(folder, context.entries(10_000_000))
    asked = folder / "listed.txt"
    asked.write_text("".join(f"{ports.dotted(address)}\n" for address in {data.address(i) for i in range(100_000 if not context.smoke else 5000)}
                             if not ports.reserved(address)))
    rate, seconds = (1000, 2) if context.smoke else (50_000, 8)
    command = [BUILD / "tests/check_client", "--server", f"127.0.0.1:{servers.PORT}", "--zone", servers.ZONE, "--rate", rate, "--seconds", seconds,
               "--json", "--listed", asked, "--unlisted", folder / "unlisted.txt"]
    unlisted = [address for address in data.questions(20_000 if not context.smoke else 2000, 0)]
    (folder / "unlisted.txt").write_text("".join(f"{ports.dotted(address)}\n" for address in unlisted))
    listen = f'io = "kernel"\nlisten = ["127.0.0.1:{servers.PORT}"]\n'
    counted = {what: context.so_far("reloads", what, make=list) for what in ("calm", "spun", "busy", "free_calm", "free_busy")}

    def under_reloads(server, served, versions, *words):
        with Reloads(server, served, versions) as swapping:
            counts = json.loads(run([*words, *command]))
        counts["reloads"] = swapping.spans
        return counts

    served, more = _versions(folder, feed)
    with servers.rblitzd(folder, served, io=f"{listen}cores = [{SERVER_CORE}]\n") as server:
        server.wait_for(last)
        ports.wait_for_copies(server.process.pid)
        client = ["taskset", "-c", CLIENT_CORE]
        counted["calm"].append(json.loads(run([*client, *command])))
        if context.round == 0:
            with _spinning():
                counted["spun"].append(json.loads(run([*client, *command])))
        counted["busy"].append(under_reloads(server, served, [feed, more], *client))  # the first is served
    served, more = _versions(folder, feed)
    with servers.rblitzd(folder, served, io=listen) as server:  # nothing has a core of its own
        server.wait_for(last)
        ports.wait_for_copies(server.process.pid)
        counted["free_calm"].append(json.loads(run(command)))
        counted["free_busy"].append(under_reloads(server, served, [feed, more]))
    return _reloads_result(rate, **counted)


def _reloads_result(rate, calm, spun, busy, free_calm, free_busy):
    """Of what check_client counted: without reloads, beside spinning threads, and under reloads; without reloads and under them where nothing has a core of its own."""
    reloads = sum(len(one["reloads"]) for one in busy + free_busy)
    tail = lambda counts, quantile="p99_9": [one["latency_us"][quantile] for one in counts]
    all_runs = calm + spun + busy + free_calm + free_busy
    lost, wrong = (sum(one["lost"] + one["late"] for one in busy + free_busy), sum(one["wrong"] for one in all_runs))
    allowed, allowed_free = ([max(2 * base, base + 1000) for base in tail(counts)] for counts in (calm, free_calm))
    parts = [Part("questions a second under reloads", "", [one["queries_per_second"] for one in busy], 0.95 * rate),
             Part("lost or late under reloads, with and without cores of their own", "answers", [lost], 0, True), Part("wrong", "answers", [wrong], 0, True),
             Part("p99.9 under reloads, to what is allowed: twice that of the run before without, or 1 ms more", "ratio",
                  [us / most for us, most in zip(tail(busy), allowed)], 1, True),
             Part("the same, neither worker nor client with a core of its own, then and before", "ratio", [us / most for us, most in zip(tail(free_busy), allowed_free)])]
    beside = [Part(f"{quantile.replace('_', '.')} {what}", "us", tail(counts, quantile)) for quantile in ("p50", "p99", "p99_9")
              for counts, what in ((calm, "without reloads"), (spun, "beside threads that spin when nobody else wants to run"), (busy, "under reloads"),
                                   (free_calm, "without reloads, neither worker nor client with a core of its own"), (free_busy, "under reloads, neither worker nor client with a core of its own"))]
    beside += [Part("reloads", "", [reloads]), Part("questions a second", "", [one["queries_per_second"] for one in busy]),
               Part("lost or late without reloads", "answers", [sum(one["lost"] + one["late"] for one in calm + free_calm)]),
               Part("not asked under reloads, because the client was held up for 50 ms", "questions", [one["skipped"] for one in busy])]
    series = {"p50, p99, p99.9 with and without reloads": {name: [statistics.median(tail(counts, q)) for q in ("p50", "p99", "p99_9")]
                                                           for name, counts in (("without", calm), ("with", busy))},
              "latency while lists are reloaded": _timeline(busy[-1])}
    return Result(f"reloads of 10 million entries under {rate:,} questions/s, kernel sockets, a core each for worker and client", "bench/run P6", parts, beside, series=series,
                  checked=f"{sum(one['answered'] for one in all_runs):,} answers compared with the lists, {reloads} reloads",
                  bound=f"client, server and the reload share two cores. Beside threads that do nothing but spin, when nobody else wants to run, p99.9 is "
                        f"{statistics.median(us / most for us, most in zip(tail(spun), allowed)):.2f} of what is allowed")
