"""The table, report.json, report.html and report.md."""

import gzip
import html
import io
import json
import os
import re
import statistics
import subprocess
import textwrap
import time
from pathlib import Path

from suite.measure import PEERS, QUANTILES, ROOT, expected

COLOURS = ("#2a6f97", "#e07a5f", "#81b29a", "#6d597a", "#b5838d", "#3d405b")


def number(value):
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:.3g}"


def interval(bounds):
    return f"{number(bounds[0])} to {number(bounds[1])}" if bounds else ""


def _unpacked_version(package):
    """Of what is in build/peers."""
    changelog = PEERS / f"usr/share/doc/{package}/changelog.Debian.gz"
    if not changelog.exists():
        return "unknown"
    with gzip.open(changelog, "rt", encoding="utf-8") as file:
        found = re.search(r"\(([^)]+)\)", file.readline())
    return found[1] if found else "unknown"


def machine():
    """What the figures were made on, and with which versions."""
    read = lambda path: Path(path).read_text().strip()
    model = re.search(r"model name\s*:\s*(.*)", read("/proc/cpuinfo"))
    memory = int(re.search(r"MemTotal:\s*(\d+)", read("/proc/meminfo"))[1]) // 1024
    version = lambda package: subprocess.run(["dpkg-query", "-W", "-f=${Version}", package], capture_output=True, text=True).stdout
    git = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    return {"processor": model[1] if model else "unknown", "cpus": os.cpu_count(), "memory_mb": memory, "kernel": os.uname().release,
            "load_before": os.getloadavg()[0], "rblitz": git, **{package: version(package) for package in ("dpdk-dev", "liburcu-dev", "dnsperf", "knot-dnsutils")},
            **{package: _unpacked_version(package) for package in ("rbldnsd", "nsd", "knot", "postgrey")},
            "compiler": subprocess.run(["g++", "-dumpfullversion"], capture_output=True, text=True).stdout.strip(),
            "date": time.strftime("%Y-%m-%d")}


def table(results):
    """Rows of Markdown: each P, and below it the parts that have marks of their own."""
    lines = ["| | what | figure | least to most | another run | mark | |", "|" + " --- |" * 7]
    for name, result in results.items():
        for part in result["parts"]:
            mark = "" if part["reach"] is None else f"at {'most' if part['at_most'] else 'least'} {number(part['reach'])}"
            spread = interval(part["spread"]) if part["runs"] > 1 else ""
            lines.append(f"| {name} | {result['title']}: {part['name']} | {number(part['figure'])} {part['unit']} | {spread} | {interval(expected(part))} | {mark} | "
                         f"{'' if part['reach'] is None else 'holds' if part['holds'] else 'does not hold'} |")
            name = ""
        if "bound" in result:
            lines.append(f"| | bound: {result['bound']} | | | | | |")
    return "\n".join(lines)


# ---- plots ------------------------------------------------------------------------------------------------------------

def _axes(title, width=6.4):
    import matplotlib
    matplotlib.use("svg")
    matplotlib.rcParams.update({"font.size": 9, "svg.fonttype": "none", "svg.hashsalt": "rblitz", "axes.spines.top": False,
                                "axes.spines.right": False})
    from matplotlib import pyplot
    figure, axes = pyplot.subplots(figsize=(width, 3.2), layout="constrained")
    axes.set_title(title, loc="left", fontsize=10, fontweight="bold")
    axes.grid(axis="y", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    return figure, axes


def _svg(figure):
    from matplotlib import pyplot
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None})
    pyplot.close(figure)
    return out.getvalue()[out.getvalue().index("<svg"):]


def _median(values):
    return statistics.median(values)


def _lines(title, points, x_label, y_label):
    """points: {x: runs}; medians with the range of runs."""
    figure, axes = _axes(title)
    xs = sorted(map(int, points))
    runs = [points[str(x)] for x in xs]
    axes.plot(xs, [_median(each) for each in runs], marker="o", color=COLOURS[0])
    axes.fill_between(xs, [min(each) for each in runs], [max(each) for each in runs], color=COLOURS[0], alpha=0.2)
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.set(xlabel=x_label, ylabel=y_label)
    return _svg(figure)


def _bars(title, values, y_label, mark=None):
    """values: {name: runs}."""
    figure, axes = _axes(title, max(4.0, 1.0 + 0.9 * len(values)))
    medians = [_median(runs) for runs in values.values()]
    errors = [[m - min(runs) for m, runs in zip(medians, values.values())], [max(runs) - m for m, runs in zip(medians, values.values())]]
    axes.bar(range(len(values)), medians, yerr=errors, color=COLOURS[0], ecolor="#333333", capsize=3, width=0.6)
    axes.set_xticks(range(len(values)), [textwrap.fill(name, 13) for name in values], fontsize=8)
    if mark is not None:
        axes.axhline(mark, color=COLOURS[1], linewidth=1, linestyle="--")
    axes.set_ylabel(y_label)
    return _svg(figure)


def _quantiles(title, series):
    """series: {server: {load: [p50, p99, p99.9]}} in microseconds."""
    figure, axes = _axes(title)
    styles = ("-", "--", ":")
    for colour, (server, loads) in zip(COLOURS, series.items()):
        for at, style in enumerate(styles):
            axes.plot(list(loads), [values[at] for values in loads.values()], style, marker="o", markersize=3, color=colour,
                      label=server if at == 0 else None)
    axes.set_yscale("log")
    axes.set(xlabel="share of the server's own capacity", ylabel="us: p50 —, p99 - -, p99.9 ···")
    axes.legend(frameon=False, fontsize=8)
    return _svg(figure)


def _grouped(title, series):
    figure, axes = _axes(title, 5)
    for at, (name, values) in enumerate(series.items()):
        axes.bar([i + (at - 0.5) * 0.35 for i in range(len(values))], values, width=0.33, color=COLOURS[at], label=name)
    axes.set_xticks(range(len(QUANTILES)), QUANTILES)
    axes.set(ylabel="us", yscale="log")
    axes.legend(frameon=False, fontsize=8, title="reloads")
    return _svg(figure)


def _timeline(title, series):
    """series: seconds, and of each tenth p50, p99, max; reloads from and to."""
    figure, axes = _axes(title)
    for at, (begin, end) in enumerate(series["reloads"]):
        axes.axvspan(begin, end, color=COLOURS[2], alpha=0.35, linewidth=0, label="a reload" if at == 0 else None)
    for colour, name in zip(COLOURS, ("p50", "p99", "max")):
        axes.plot(series["seconds"], series[name], color=colour, linewidth=1, label=name)
    axes.set_yscale("log")
    axes.set_xlim(0, series["seconds"][-1])
    axes.set_ylim(top=4 * max(series["max"]))  # room for the legend
    axes.set(xlabel="seconds", ylabel="us")
    axes.legend(frameon=False, fontsize=8, ncols=4)
    return _svg(figure)


def plots(results):
    """(name of a file, SVG) of each picture that the results have data for."""
    series = {title: data for result in results.values() for title, data in result["series"].items()}
    made = []

    def add(name, title, draw):
        if title in series:
            made.append((name, draw(series[title])))
    add("throughput", "ns a question by addresses", lambda data: _lines(
        "Throughput in memory by list size", {x: [1000 / ns for ns in runs] for x, runs in data.items()}, "addresses", "million questions/s, one core"))
    add("mixes", "ratio to testpmd by mix", lambda data: _bars("Port to port by mix", data, "of testpmd 5tswap"))
    add("bytes", "bytes an entry by addresses", lambda data: _lines("Memory of the table of addresses", data, "addresses", "bytes an entry"))
    add("reloads", "p50, p99, p99.9 with and without reloads", lambda data: _grouped("Latency under 50,000 questions/s", data))
    add("timeline", "latency while lists are reloaded", lambda data: _timeline("Reloads one after another under 50,000 questions/s, by tenth of a second", data))
    add("latency", "latency by load", lambda data: _quantiles("Latency on sockets by load", data))
    add("latency-xdp", "latency by load, AF_XDP", lambda data: _quantiles("Latency over AF_XDP on veth by load", data))
    add("zones", "ns a question by zones", lambda data: _lines("Zones asked in turn, 1 million addresses", data, "zones", "ns a question"))
    add("stages", "cycles a question by stage", lambda data: _bars("Time by stage", data, "cycles a question"))
    return made


# ---- files ------------------------------------------------------------------------------------------------------------

STYLE = """body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #ddd; vertical-align: top }
th.n, td.n { text-align: right; white-space: nowrap } td:last-child { white-space: nowrap } .no { color: #a33 } .yes { color: #2a7 } .bound td { color: #555; font-size: 90% }
figure { display: inline-block; margin: 1rem 1rem 0 0 } svg { max-width: 100%; height: auto } code { font-size: 90%; word-break: break-all }
details { margin: .3rem 0 }"""


def _page(about, results):
    cell = lambda value: html.escape(str(value))
    rows = []
    for name, result in results.items():
        for at, part in enumerate(result["parts"]):
            mark = "" if part["reach"] is None else f"{'≤' if part['at_most'] else '≥'} {number(part['reach'])}"
            state = "" if part["reach"] is None else ("<span class=yes>holds</span>" if part["holds"] else "<span class=no>does not hold</span>")
            rows.append(f"<tr><td>{cell(name) if at == 0 else ''}<td>{cell(result['title'] + ': ' if at == 0 else '')}{cell(part['name'])}"
                        f"<td class=n>{number(part['figure'])} {cell(part['unit'])}<td class=n>{interval(part['spread'])}<td class=n>{interval(expected(part))}<td class=n>{mark}<td>{state}")
        if "bound" in result:
            rows.append(f"<tr class=bound><td><td colspan=6>What bounds it: {cell(result['bound'])}")
    of = lambda result: ", ".join(f"{key} {value}" for key, value in result["machine"].items())
    beside = "".join(f"<details><summary>{cell(name)}: {cell(result['title'])}</summary><p><code>{cell(result['how'])}</code></p>"
                     f"<p>{cell(of(result))}</p>"
                     f"<p>{cell(result['checked'])}</p><table>" +
                     "".join(f"<tr><td>{cell(part['name'])}<td class=n>{number(part['figure'])} {cell(part['unit'])}<td class=n>"
                             f"{interval(part['spread'])}" for part in result["beside"]) + "</table></details>"
                     for name, result in results.items())
    pictures = "".join(f"<figure>{svg}</figure>" for _, svg in plots(results))
    facts = ", ".join(f"{cell(key)} {cell(value)}" for key, value in about.items())
    return (f"<!doctype html><html lang=en><meta charset=utf-8><title>rblitz: benchmarks</title><style>{STYLE}</style><h1>rblitz: benchmarks</h1>"
            f"<p>{facts}</p><p>Medians, and the worst of what must not happen; least and most of all runs, and where another run's figure is to be expected 19 times of 20.</p>"
            f"<table><tr><th><th>what<th class=n>figure<th class=n>least to most<th class=n>another run<th class=n>mark<th></tr>"
            f"{''.join(rows)}</table><h2>Plots</h2>{pictures}<h2>Commands, checks, and what was measured beside</h2>{beside}</html>\n")


def write(folder, about, results):
    """report.json, report.html, each plot as a file of its own, and the tables of docs/performance.md as report.md."""
    from suite import tables
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(json.dumps({"machine": about, **results}, indent=1) + "\n")
    (folder / "report.html").write_text(_page(about, results))
    for name, svg in plots(results):
        (folder / f"{name}.svg").write_text('<?xml version="1.0" encoding="utf-8"?>\n' + svg)
    (folder / "report.md").write_text(tables.markdown(results))
