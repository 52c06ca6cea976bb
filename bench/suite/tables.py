"""report.md: the tables of docs/performance.md; and how one run repeats another."""

from suite.measure import expected
from suite.report import interval, number


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
            rows.append((f"{name}: {part['name']}", _figure(part), interval(expected(part)), mark, holds))
    return _rows(("", "least to most of the runs in parentheses", "another run", "mark", ""), rows)


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


def _repeats(then, now):
    """Whether a figure is where another run of the earlier one was expected, as both are printed; None where nothing was expected."""
    if (within := expected(then)) is None:
        return None
    low, figure, high = (float(number(value).replace(",", "")) for value in (within[0], now["figure"], within[1]))
    return low <= figure <= high


def repeated(earlier, results):
    """The figures of two reports that are in both, how many of them are where they were expected, and how many are not in the earlier one."""
    rows, said, alone = [], {True: 0, False: 0, None: 0}, 0
    for name, result in results.items():
        before = {(part["name"], part["unit"]): part for part in earlier.get(name, {}).get("parts", [])}
        for part in result["parts"]:
            if then := before.get((part["name"], part["unit"])):
                repeats = _repeats(then, part)
                said[repeats] += 1
                rows.append((f"{name}: {part['name']}", _figure(then, False), interval(expected(then)), _figure(part, False),
                             {True: "as expected", False: "**elsewhere**", None: ""}[repeats]))
            else:
                alone += 1
    few = f"; of {said[None]} nothing was expected" if said[None] else ""
    return ("\n".join(_rows(("", "before", "another run", "now", ""), rows)) + f"\n{said[True] + said[False]} figures: {said[True]} as expected, {said[False]} elsewhere{few}" +
            (f"; {alone} are not in the earlier report" if alone else ""))
