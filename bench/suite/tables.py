"""report.md: the tables of docs/performance.md; and how one run repeats another."""

from suite.report import number


def _spread(part):
    low, high = part["spread"]
    return "" if part["runs"] < 2 or number(low) == number(high) else f" ({number(low)} to {number(high)})"


def _figure(part, unit=True):
    """With its unit, but for a ratio."""
    return number(part["figure"]) + (f" {part['unit']}" if unit and part["unit"] not in ("", "ratio") else "") + _spread(part)


def _rows(heads, rows):
    return [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}", *(f"| {' | '.join(row)} |" for row in rows), ""]


def _marks(results):
    rows = []
    for name, result in results.items():
        for part in result["parts"]:
            mark = "" if part["reach"] is None else f"at {'most' if part['at_most'] else 'least'} {number(part['reach'])}"
            holds = "" if part["reach"] is None else "reached" if part["holds"] else "**not reached**"
            rows.append((f"{name}: {part['name']}", _figure(part), mark, holds))
    return _rows(("", "least to most of the runs in parentheses", "mark", ""), rows)


def _parts(result):
    return {part["name"]: part for part in result["parts"] + result["beside"]}


def _mixes(results):
    parts = _parts(results["P1"])
    rows = [(name, _figure(part), _figure(parts.get(f"rblitzd, {name}", parts["rblitzd"]), False)) for name, part in parts.items() if part["unit"] == "ratio"]
    return _rows(("", "of testpmd", "rblitzd, million packets/s"), rows)


def _kernel(results):
    parts = _parts(results["P7"])
    names = [name.removesuffix(", veth") for name in parts if name.endswith(", veth")]
    cell = lambda name, what: _figure(parts[f"{name}, {what}"], False) if f"{name}, {what}" in parts else ""
    whats = ("dnsperf", "time of the server an answer to dnsperf", "veth", "user instructions")
    return _rows(("", "dnsperf, answers/s", "its time an answer, us", "kxdpgun over veth, answers/s", "user instructions a question"),
                 [(name, *(cell(name, what) for what in whats)) for name in names])


def _latency(results):
    rows = []
    for series in results["latency"]["series"].values():
        for name, loads in series.items():
            rows.append((name, number(_parts(results["latency"])[f"{name}, capacity"]["figure"]), *(" / ".join(map(number, found)) for found in loads.values())))
    return _rows(("p50 / p99 / p99.9, us", "capacity, answers/s", *(f"at {load}" for load in loads)), rows)


def _beside(results, name):
    return _rows((f"{name}, beside", ""), [(part["name"], _figure(part)) for part in results[name]["beside"]])


def markdown(results):
    """Of what has been measured."""
    lines = _marks(results)
    for name, table in (("P1", _mixes), ("P7", _kernel), ("latency", _latency)):
        if name in results:
            lines += table(results)
    for name in results:
        if name not in ("P1", "P7", "latency"):
            lines += _beside(results, name)
    lines += [f"- {name}: {result['bound']}." for name, result in results.items() if "bound" in result]
    return "\n".join(lines) + "\n"


def _agreement(then, now):
    """Of two figures, as they are printed: each in the other's spread, only their spreads have something in common, or nothing."""
    printed = lambda value: float(number(value).replace(",", ""))
    then, now = ({"figure": printed(part["figure"]), "spread": [printed(value) for value in part["spread"]]} for part in (then, now))
    inside = lambda a, b: b["spread"][0] <= a["figure"] <= b["spread"][1]
    if inside(then, now) and inside(now, then):
        return "each within the other's spread"
    if inside(then, now) or inside(now, then):
        return "one within the other's spread"
    return "spreads overlap" if then["spread"][0] <= now["spread"][1] and now["spread"][0] <= then["spread"][1] else "apart"


def repeated(earlier, results):
    """The figures of two reports that are in both, how many of them agree how well, and how many are not in the earlier one."""
    rows, counts, alone = [], {}, 0
    for name, result in results.items():
        before = {(part["name"], part["unit"]): part for part in earlier.get(name, {}).get("parts", [])}
        for part in result["parts"]:
            if then := before.get((part["name"], part["unit"])):
                agreement = _agreement(then, part)
                counts[agreement] = counts.get(agreement, 0) + 1
                rows.append((f"{name}: {part['name']}", _figure(then, False), _figure(part, False), agreement))
            else:
                alone += 1
    said = ", ".join(f"{count} {agreement}" for agreement, count in sorted(counts.items(), key=lambda each: -each[1]))
    return "\n".join(_rows(("", "before", "now", ""), rows)) + f"\n{len(rows)} figures: {said}" + (f"; {alone} are not in the earlier report" if alone else "")
