"""What is measured without any port: tables, names, the responder, workers (P2, P3, P4, P10)."""

import contextlib
import statistics

from suite.loading import ports
from suite.measure import Part, Result, column, google


def p2(context):
    sizes = ["1000", "100000"] if context.smoke else ["1000", "100000", "1000000", "10000000", "100000000"]
    full, large = (sizes[-1],) * 2 if context.smoke else sizes[-2:]
    rows, how = google(context, "responder_bench", rf"BM_Responder/({'|'.join(sizes)})/1/50")
    if not context.smoke:
        others, others_how = google(context, "responder_bench", rf"BM_Responder(/{full}/(1/0|1/100|4/50|16/50)|_Edns/{full}/|_Txt/{full}/)", once=True)
        rows, how = rows | others, f"{how}; {others_how}"
    median = {size: column(rows[f"BM_Responder/{size}/1/50"], "p50") for size in sizes}
    beside = [Part(name.removeprefix("BM_Responder").strip("_/"), "ns", column(found, "p50")) for name, found in rows.items()]
    of_full = rows[f"BM_Responder/{full}/1/50"]
    beside += [Part(f"10 million addresses, {quantile} of bursts", "ns", column(of_full, quantile)) for quantile in ("p01", "p10", "p90", "p99")]
    beside.append(Part("10 million addresses, mean", "ns", [1e9 / rate for rate in column(of_full, "items_per_second")]))
    return Result("responder in memory, frame in to frame out", how,
                  [Part("10 million addresses", "ns a question, median of bursts", median[full], 20, at_most=True),
                   Part("100 million addresses to 10 million", "ratio", [b / a for a, b in zip(median[full], median[large])], 1.5, at_most=True)],
                  beside, checked="before it is timed, the answers to the first 16,384 questions are compared with what is listed; every frame is answered",
                  bound=_responder_bound(context, rows, median, full),
                  series={"ns a question by addresses": median, "cycles a question by stage": _stages(context, full)})


STAGES = ("receive", "labels", "lines", "compare", "find", "write", "send")


def _stages(context, size):
    """Cycles a question in each stage, from the build that has the responder's clocks in it."""
    rows, _ = google(context, "responder_stages_bench", rf"BM_Responder/{size}/1/50", once=True)
    return {stage: column(rows[f"BM_Responder/{size}/1/50"], stage) for stage in STAGES}


def _responder_bound(context, rows, median, full):
    line = _line(context, 8 if context.smoke else 32)
    least = min(column(rows[f"BM_Responder/{full}/1/50"], "p01"))
    cached = min(median["1000"])
    return (f"{least:.1f} ns in the best hundredth of bursts; {cached:.1f} ns in the median with 1,000 addresses, when no line comes from "
            f"memory. That table has about 30 MB: of as much, a line at random with its address known beforehand takes {line:.1f} ns by itself, 64 at once. "
            f"Both after one another would be {cached + line:.1f}; the lines are fetched while other work is done")


def _line(context, size):
    """Nanoseconds that memory takes for a line at random out of so many MiB."""
    rows, _ = google(context, "tables_bench", f"BM_RandomLines/{size}/0$", once=True)
    return min(1e9 / rate for rate in column(rows[f"BM_RandomLines/{size}/0"], "items_per_second"))


def _with_huge_pages(context, program, pattern, pages=4096, once=False):
    """Peers' tables get pages of 2 MiB too: DPDK reserved ones, the C library transparent ones."""
    with contextlib.nullcontext() if context.smoke or once and context.round else ports.Hugepages(pages):
        return google(context, program, pattern, environment={"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}, once=once)


def p3(context):
    if context.smoke:
        pattern, n, large = r"BM_Ip4Table_((Batch|Many)/60000/1$|Singles/60000/1)|BM_RteHash/60000|BM_Lfht/60000|BM_UnorderedSet/60000", 60000, None
    else:
        pattern, n, large = (r"BM_Ip4Table_((Batch|Many)/(100000|1000000|10000000)/1$|Singles/10000000|Batch/10000000/200$)|"
                             r"BM_(RteHash|Lfht|UnorderedSet)/10000000$|BM_RteFib/1000000|BM_RteLpm/100000"), 10_000_000, 100_000_000
    rows, how = _with_huge_pages(context, "tables_bench", pattern)
    if large:
        # A peer's takes a minute to fill.
        largest, largest_how = _with_huge_pages(context, "tables_bench", r"BM_Ip4Table_(Batch|Many)/100000000/1$|BM_RteHash/100000000", once=True)
        rows, how = rows | largest, f"{how}; {largest_how}"
    rate = lambda name: column(rows[name], "items_per_second")
    own = rate(f"BM_Ip4Table_Batch/{n}/1")
    best = max((f"BM_{name}/{n}" for name in ("RteHash", "Lfht")), key=lambda name: statistics.median(rate(name)))
    parts = [Part("lookups, 1,024 at once", "million/s", [value / 1e6 for value in rate(f"BM_Ip4Table_Many/{n}/1")], 100),
             Part("lookups, 64 at once, as a burst's", "million/s", [value / 1e6 for value in own], 100),
             Part(f"to the best peer of the same size, {best.split('/')[0][3:]}", "ratio", [a / b for a, b in zip(own, rate(best))], 1.5),
             Part("bytes an entry, one value", "bytes", column(rows[f"BM_Ip4Table_Singles/{n}/1"], "bytes/entry"), 3, at_most=True)]
    if large:
        parts.append(Part("bytes an entry, 200 values", "bytes", column(rows["BM_Ip4Table_Singles/10000000/200"], "bytes/entry"), 6, at_most=True))
        for size, name, peer in ((large, "RteHash", "100000000"), (1_000_000, "RteFib", "1000000"), (100_000, "RteLpm", "100000")):
            parts.append(Part(f"to {name} at {size:,}", "ratio",
                              [a / b for a, b in zip(rate(f"BM_Ip4Table_Batch/{size}/1"), rate(f"BM_{name}/{peer}"))], 1.5, together=size == large))
    beside = [Part(name[3:], "million/s", [value / 1e6 for value in rate(name)]) for name in rows]
    beside += [Part(f"{name[3:]}, 20,000 networks among them", "bytes an entry", column(found, "bytes/entry")) for name, found in rows.items() if "_Batch/" in name]
    sizes = {name.split("/")[1]: column(found, "bytes/entry") for name, found in rows.items() if name.startswith("BM_Ip4Table_Batch") and name.endswith("/1")}
    return Result("table of addresses, half listed", how, parts, beside,
                  checked="before it is timed, each table's answers to the first 16,384 questions are compared with what is listed, and it finds the half of all that is, or the run fails", series={"bytes an entry by addresses": sizes},
                  bound=_lookups_bound(context, rate))


def _lookups_bound(context, rate):
    line = _line(context, 8 if context.smoke else 32)
    cached = min(1e9 / value for value in rate(f"BM_Ip4Table_Many/{60_000 if context.smoke else 100_000}/1"))
    return (f"a lookup among {'60,000' if context.smoke else '100,000'}, in the second-level cache, takes {cached:.1f} ns with 1,024 at once; one among 10 million reads one line at random out of 30 MB, "
            f"which takes {line:.1f} ns with its address known beforehand and nothing else done")


def p4(context):
    n = 100_000 if context.smoke else 10_000_000
    rows, how = google(context, "names_bench", rf"BM_NameTable_(Batch/(1000|{n})/1$|Hash)")
    peer, peer_how = _with_huge_pages(context, "names_bench", rf"BM_RteHash/{n}$", pages=512)
    rows, how = rows | peer, f"{how}; {peer_how}"
    full, small = rows[f"BM_NameTable_Batch/{n}/1"], rows["BM_NameTable_Batch/1000/1"]
    ns = lambda found: [1e9 / value for value in column(found, "items_per_second")]
    return Result("table of names, all suffixes of three labels, half listed", how,
                  [Part("10 million names", "ns a lookup", ns(full), 40, at_most=True),
                   Part("10 million names", "bytes a name", column(full, "bytes/name"), 16, at_most=True)],
                  [Part("1,000 names", "ns a lookup", ns(small)), Part("hashing alone", "ns a lookup", ns(rows["BM_NameTable_Hash"])),
                   Part("DPDK's hash of 64-bit fingerprints, hashing included", "ns a lookup", ns(rows[f"BM_RteHash/{n}"]))],
                  checked="before it is timed, each of the million answers is compared with what is listed, or the run fails",
                  bound=f"{min(ns(small)):.0f} ns with 1,000 names, which are in the first-level cache; hashing alone is "
                        f"{min(ns(rows['BM_NameTable_Hash'])):.0f}; the rest is one line of memory a miss and two a hit, of {min(column(full, 'bytes/name')) * n / 1e6:.0f} MB, which takes "
                        f"{_line(context, 8 if context.smoke else 128):.1f} ns each with its address known beforehand and nothing else done")


def p10(context):
    n, rows_of = (100_000, 10_000) if context.smoke else (10_000_000, 10_000_000)
    turns = "--benchmark_enable_random_interleaving=true"  # one worker first, or two
    rows, how = google(context, "responder_bench", rf"BM_Workers/{n}/", turns, seconds=0.5)
    grey, grey_how = google(context, "greylist_bench", rf"BM_Workers(OnWall)?/{rows_of}/50", turns, seconds=0.5)

    def ratio(found):
        one, two = (column(next(rows for name, rows in found.items() if name.endswith(f"threads:{count}")), "items_per_second") for count in (1, 2))
        return [b / a for a, b in zip(one, two)]
    sizes = (8, 8) if context.smoke else (8, 512)  # MiB: as the list has, and more than any cache
    memory, _ = google(context, "tables_bench", f"BM_WrittenLines/({sizes[0]}|{sizes[1]})/", turns)
    written = [ratio({name: found for name, found in memory.items() if name.startswith(f"BM_WrittenLines/{size}/")}) for size in sizes]
    of = lambda name: {full: found for full, found in grey.items() if full.startswith(f"BM_{name}/")}
    return Result("two workers instead of one", f"{how}; {grey_how}",
                  [Part("list, in memory, time within the responder", "times the questions", ratio(rows), 1.9),
                   Part("greylist, 50 % new in a full table, journal off, time within the table", "times the decisions", ratio(of("Workers")), 1.9)],
                  [Part("greylist, the same by the clock on the wall, questions made included", "times the decisions", ratio(of("WorkersOnWall")))] +
                  [Part(f"{what}, workers: {full.split('threads:')[1]}", "million/s", [value / 1e6 for value in column(found, "items_per_second")])
                   for what, runs in (("list", rows), ("greylist", of("Workers"))) for full, found in runs.items()],
                  checked="as P2 for each worker; as P8 each decision of the greylist that is timed within the table",
                  bound="two threads that do nothing but write lines at random get " +
                        " and ".join(f"{statistics.median(found):.2f} ({min(found):.2f} to {max(found):.2f}) times as far as one, of {size} MiB each"
                                     for size, found in zip(sizes, written)) + ": the greylist's table is as large as the latter")


def growth(context):
    """From 1 to 100 million addresses, and from 1 to 1,000 zones."""
    small, large = ("60000", "60000") if context.smoke else ("1000000", "100000000")
    lines = ("1", "8") if context.smoke else ("8", "256")  # MiB, as these tables have about
    tables, how = google(context, "tables_bench", rf"BM_Ip4Table_(Batch|Many)/({small}|{large})/1$|BM_RandomLines/({lines[0]}|{lines[1]})/|BM_LinesInStream/({lines[0]}|{lines[1]})$" + ("" if context.smoke else "|BM_Ip4Builder"))
    asked = r"BM_Responder_Zones(Apart)?/3/" if context.smoke else r"BM_Responder_Zones(/(1|3|10|100|1000)/|Apart/(10|100)/)"
    zones, zones_how = google(context, "responder_bench", asked, once=True)
    few, many = ("1", "10") if context.smoke else ("1", "1000")
    made, made_how = google(context, "responder_bench", f"BM_BuildServing/({few}|{many})$" if context.smoke else "BM_BuildServing/1(0*)$")
    of_zone = {name.split("/")[1]: found for name, found in made.items()}
    lookup = lambda size, way="Many": [1e9 / rate for rate in column(tables[f"BM_Ip4Table_{way}/{size}/1"], "items_per_second")]
    parts = [Part(f"lookups among 100 million to those among 1 million, {at_once} at once", "times the time",
                  [b / a for a, b in zip(lookup(small, way), lookup(large, way))], 1.5, True) for way, at_once in (("Many", "1,024"), ("Batch", "64"))]
    both = lambda key: zip(column(of_zone[few], key), column(of_zone[many], key))
    parts += [Part(f"making {int(many):,} zones of one feed to making {few}", "times the time a zone", [a / b for a, b in both("items_per_second")], 1.25, True),
              Part(f"memory of {int(many):,} zones of one feed to that of {few}", "times the bytes a zone", [b / a for a, b in both("bytes/zone")], 1, True)]
    label = lambda name: f"{name.split('/')[1]} zones" + (" of feeds of their own" if "Apart" in name else " of one feed")
    beside = [Part(f"{label(name)}, asked in turn", "ns a question", column(found, "p50")) for name, found in zones.items()]
    if not context.smoke:
        built = {name.split("/")[1]: [1e9 / rate for rate in column(found, "items_per_second")] for name, found in tables.items() if "Builder" in name}
        size_of = lambda size: column(tables[f"BM_Ip4Table_Batch/{size}/1"], "bytes/entry")
        to = lambda found, less: [b / a for a, b in zip(found[less], found[large])]
        parts += [Part("building 100 million to building 1 million", "times the time an entry", to(built, small), 1, True),
                  Part("building 100 million to building 10 million", "times the time an entry", to(built, "10000000"), 1.25, True),
                  Part("memory of 100 million to that of 1 million", "times the bytes an entry", [b / a for a, b in zip(size_of(small), size_of(large))], 1, True)]
        beside += [Part(f"building {int(size):,}, and 20,000 networks", "ms", [ns * int(size) / 1e6 for ns in runs]) for size, runs in built.items()]
    beside += [Part(f"making {size} zones of one feed", "us a zone", [1e6 / rate for rate in column(found, "items_per_second")]) for size, found in of_zone.items()]
    beside += [Part(f"{size} zones of one feed", "bytes a zone", column(found, "bytes/zone")) for size, found in of_zone.items()]
    memory = {(size, behind): [1e9 / rate for rate in column(tables[f"BM_RandomLines/{size}/{behind}"], "items_per_second")] for size in lines for behind in (0, 2)}
    beside += [Part(f"a line at random out of {size} MiB, 64 at once" + (f", and {behind} behind these" if behind else ""), "ns", found) for (size, behind), found in memory.items()]
    stream = [[1e9 / rate for rate in column(tables[f"BM_LinesInStream/{size}"], "items_per_second")] for size in lines]
    beside += [Part(f"a line at random out of {size} MiB, each asked for with another that is read", "ns", found) for size, found in zip(lines, stream)]
    median = lambda *of: statistics.median(memory[of])
    longer = statistics.median(lookup(large)) - statistics.median(lookup(small))
    return Result("growth", f"{how}; {zones_how}; {made_how}", parts, beside, checked="as P2 and P3",
                  bound=f"a lookup, 1,024 at once, among 1 million takes {statistics.median(lookup(small)):.1f} ns, one among 100 million {longer:.1f} more. Each reads one line at random: with its address known beforehand, "
                        f"and nothing else done, that takes {median(lines[0], 0):.1f} ns out of {lines[0]} MiB, and {median(lines[1], 0) - median(lines[0], 0):.1f} more out of {lines[1]}; where two of 64 need the next line "
                        f"as well, which is known when theirs is there, {median(lines[0], 2):.1f}, and {median(lines[1], 2) - median(lines[0], 2):.1f} more; "
                        f"where each is asked for with another that is read, 64 before it, as many at once do, {statistics.median(stream[0]):.1f} and {statistics.median(stream[1]) - statistics.median(stream[0]):.1f} more",
                  series={"ns a question by zones": {name.split("/")[1]: column(found, "p50") for name, found in zones.items() if "Apart" not in name}})
