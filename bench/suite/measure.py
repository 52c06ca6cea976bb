"""What every measurement of the suite is made of: a context with its folders and sizes, runs of benchmarks, and results."""

import collections
import json
import os
import re
import shlex
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build"
PEERS = BUILD / "peers"
QUANTILES = ("p50", "p99", "p99.9")  # of latencies


@dataclass
class Part:
    """One figure: the median of its runs, and the mark that it has to reach where it has one. What must never happen, at most 0, is the worst of them."""
    name: str
    unit: str
    runs: list
    reach: float = None
    at_most: bool = False
    together: bool = False  # its runs followed one another, in one round

    @property
    def figure(self):
        return max(self.runs) if self.reach == 0 and self.at_most else statistics.median(self.runs)

    @property
    def holds(self):
        return self.reach is None or (self.figure <= self.reach if self.at_most else self.figure >= self.reach)

    def as_json(self):
        return {"name": self.name, "figure": self.figure, "unit": self.unit, "reach": self.reach, "at_most": self.at_most,
                "holds": self.holds, "spread": [min(self.runs), max(self.runs)], "runs": len(self.runs), "together": self.together}


WIDER = 1.5    # times as wide as the range of runs, on a scale of ratios
DRIFT = 1.15   # at least: what other hours and hosts of the same kind change, which the rounds of one do not show
STEADY = 1.03  # the same of what does not move: least and most within a part in two hundred, as bytes are


def expected(part):
    """Where the figure of another run is to be expected, 19 times of 20, of a part as in report.json; None of less than three rounds.

    The median of three draws lies between the least and the most of three others six times of ten only, and 19 times of 20 where
    that range is widened by WIDER of itself on each side, whatever they are drawn of (tests/bench_suite_test.py)."""
    if part["runs"] < 3 or part.get("together"):
        return None
    low, high = part["spread"]
    if low <= 0:
        return [low, high]
    wider = max((high / low) ** WIDER, DRIFT if high / low > 1.005 else STEADY)
    return [low / wider, high * wider]


@dataclass
class Result:
    """Of one P: `parts` that have marks decide whether it holds; its figure is the first that does not, else the first. `beside`
    has no marks."""
    title: str
    how: str
    parts: list
    beside: list = field(default_factory=list)
    checked: str = ""  # what the oracle said
    bound: str = ""    # what was measured to bound it, where it does not hold
    series: dict = field(default_factory=dict)  # for plots

    @property
    def holds(self):
        return all(part.holds for part in self.parts)

    def as_json(self):
        first = next((part for part in self.parts if not part.holds), self.parts[0]).as_json()
        out = {key: first[key] for key in ("figure", "unit", "reach", "at_most", "spread")}
        out |= {"holds": self.holds, "title": self.title, "how": self.how, "checked": self.checked,
                "parts": [part.as_json() for part in self.parts], "beside": [part.as_json() for part in self.beside],
                "series": self.series}
        if not self.holds:
            out["bound"] = self.bound or "not measured"
        return out


@dataclass
class Context:
    """A measurement is called once a round, does each thing once or more, and makes its result of all rounds so far: what lasts is kept here.
    `smoke`: every step of the real thing with little data, whose figures mean nothing."""
    smoke: bool
    work: Path
    wanted: list = field(default_factory=list)  # what is measured in this run, by name
    round: int = 0
    kept: dict = field(default_factory=dict)

    def entries(self, count):
        return 20_000 if self.smoke else count

    def so_far(self, *key, make=dict):
        """What earlier rounds have kept by this name, to be added to."""
        return self.kept.setdefault(key, make())

    def runs(self, *key):
        """Runs by name."""
        return self.so_far(*key, make=lambda: collections.defaultdict(list))

    def folder(self, name):
        path = self.work / name
        path.mkdir(parents=True, exist_ok=True)
        return path


def say(*words):
    print(*words, flush=True)


def run(command, seconds=1800, **options):
    """The output of a command that must succeed."""
    say("+", shlex.join(map(str, command)))
    done = subprocess.run(list(map(str, command)), cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds,
                          **options)
    if done.returncode != 0:
        raise RuntimeError(f"{shlex.join(map(str, command))}: exit code {done.returncode}\n{(done.stdout + done.stderr)[-3000:]}")
    return done.stdout


def google(context, program, pattern, *words, environment=None, seconds=0.25, once=False):
    """Runs so far of a Google Benchmark by name, each a dict of its counters and so long at least; and the command. `once`: all of them in the first round."""
    out = context.work / f"{program}.json"
    words = (*words, *(["--benchmark_repetitions=3"] if once and not context.smoke else []), f"--benchmark_min_time={0.01 if context.smoke else seconds}")
    command, runs = [f"build/bench/{program}", f"--benchmark_filter={pattern}", *words], context.runs(program, pattern, words)
    how = shlex.join([*(f"{name}={value}" for name, value in (environment or {}).items()), *command])
    if once and runs:
        return dict(runs), how
    run([*command, f"--benchmark_out={out}", "--benchmark_out_format=json"], env=os.environ | (environment or {}))
    text = out.read_text()
    for row in json.loads(text)["benchmarks"] if text else []:
        if row.get("error_occurred"):
            raise RuntimeError(f"{program}: {row['name']}: {row['error_message']}")
        if row["run_type"] == "iteration":  # not a mean of them
            runs[re.sub(r"/(manual_time|iterations:\d+|process_time|real_time)", "", row["run_name"])].append(row)
    if not runs:
        raise RuntimeError(f"{program}: nothing is called {pattern}")
    return dict(runs), how


def column(rows, key):
    return [row[key] for row in rows]


def joined(before, now):
    """Figures of several rounds: runs, which are lists of numbers, after one another; of all else the last."""
    if isinstance(now, dict):
        return {key: joined((before or {}).get(key), value) for key, value in now.items()}
    if isinstance(now, list) and isinstance(before, list):
        return [joined(*both) for both in zip(before, now)] if now and isinstance(now[0], dict) else before + now
    return now


def script(context, name, *words, later=(), without="", once=False, seconds=1800):
    """The figures so far of one of bench/'s scripts, which takes --json, and the output of its first run; and the command. Runs after the first get
    `later`; `once`: there are none. A run that fails with the words `without` adds nothing, and there may be none."""
    out = context.work / f"{name}.json"
    out.unlink(missing_ok=True)
    command, kept = [f"bench/{name}", *map(str, words)], context.so_far(name, words)
    if once and context.round > 0:
        return kept.get("figures"), kept.get("text", ""), shlex.join(command)
    try:
        text = run([*command, *(later if kept else ()), "--json", out], seconds)
    except RuntimeError as error:
        if not without or without not in str(error):
            raise
        return kept.get("figures"), kept.get("text", ""), shlex.join(command)
    kept["figures"] = joined(kept.get("figures", {}), json.loads(out.read_text()))
    return kept["figures"], kept.setdefault("text", text), shlex.join(command)


def wait(condition, what, seconds=120, pause=0.002):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"{what}: waited in vain for {seconds} s")
        time.sleep(pause)


def ran(pid):
    """Seconds that a process and its children have run, in user mode and in the kernel."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    own = [int(fields[at]) / os.sysconf("SC_CLK_TCK") for at in (11, 12)]
    return [sum(all) for all in zip(own, *map(ran, children))]


def peak(pid):
    """Most memory that a process has held since it started or was told to forget it, in MB."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def forget_peak(pid):
    Path(f"/proc/{pid}/clear_refs").write_text("5")
