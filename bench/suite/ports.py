"""What is measured from port to port on DPDK (P1, P8, P11)."""

import shlex
import statistics

from suite.measure import Part, Result, column, google, script

# Beside P1: name, arguments of bench/port_to_port, mark.
MIXES = (("1,000 addresses", ("--entries", 1000), None), ("4 feeds", ("--feeds", 4), 0.6), ("16 feeds", ("--feeds", 16), 0.35), ("nothing listed", ("--hits", 0), None),
         ("all listed", ("--hits", 100), None), ("EDNS", ("--edns",), None), ("5 zones", ("--zones", 5), None),
         ("A, TXT, EDNS and cookies in turn", ("--mixed",), None), ("testpmd with buffers as close", ("--close",), None), ("packets in pages of 2 MiB", ("--hugepages",), None),
         ("IPv6 /64s", ("--kind", "ip6"), None), ("names", ("--kind", "names"), None),
         ("a million each of IPv4, IPv6 and names in turn, in the same four ways", ("--kind", "all", "--mixed", "--entries", 3_000_000), None))


def _ports(context, name, folder, *words, seconds=1, repeat=1, once=False):
    """Figures so far, output and command of a script that compares its answers in its first run. None: no huge pages are to be had."""
    sizes = ["--entries", 20000, "--questions", 5000, "--seconds", 1, "--repeat", 1] if context.smoke else ["--seconds", seconds, "--repeat", repeat]
    return script(context, name, "--work", context.folder(folder), *words, *sizes, later=["--unchecked"], without="hugepages cannot be had", once=once)


def _right(text):
    return next((line for line in text.splitlines() if line.startswith("answers")), "")


def p1(context):
    figures, text, how = _ports(context, "port_to_port", "ports", seconds=4, repeat=2)
    parts, beside = [Part("rblitzd to testpmd, 10 million addresses", "ratio", figures["ratios"], 0.8)], []
    beside += [Part(name, "million packets/s", [rate / 1e6 for rate in figures[of]]) for name, of in (("testpmd", "other"), ("rblitzd", "ours"))]
    series = {"10 million addresses": figures["ratios"]}
    for name, words, mark in (MIXES[1], MIXES[-1]) if context.smoke else MIXES:
        folder = "ports" if words[0] in ("--hits", "--edns", "--zones", "--mixed", "--close", "--hugepages") else f"ports{'-'.join(map(str, words))}"  # the same lists
        # Those with a mark in each round, others in the first one; those of other kinds, which are slowest, twice.
        mixed = _ports(context, "port_to_port", folder, *words, repeat=2 if words[0] == "--kind" else 1, once=mark is None)[0]
        if mixed is None:
            continue
        (beside if mark is None else parts).append(Part(name, "ratio", mixed["ratios"], mark))
        beside.append(Part(f"rblitzd, {name}", "million packets/s", [rate / 1e6 for rate in mixed["ours"]]))
        if min(mixed["shares"]) < 0.9:  # of its core, that a polling thread got: others used it, and its caches
            beside.append(Part(f"{name}, least share of the core", "", [min(mixed["shares"])]))
        series[name] = mixed["ratios"]
    mixes = "; ".join(shlex.join(map(str, words)) for _, words, _ in MIXES)
    return Result("port to port, against a program that only swaps addresses", f"{how}; with each of: {mixes}", parts, beside, checked=_right(text),
                  bound=_bound(figures, series, context), series={"ratio to testpmd by mix": series})


def _bound(figures, mixes, context):
    """How much of the difference is the responder's own time, as P2 measures it."""
    other, ours = (1e9 / statistics.median(figures[of]) for of in ("other", "ours"))
    pattern = r"BM_Responder/100000/1/50" if context.smoke else r"BM_Responder/10000000/1/50"
    own = statistics.median(column(next(iter(google(context, "responder_bench", pattern)[0].values())), "p50"))
    return (f"testpmd takes {other:.0f} ns a packet, rblitzd {ours:.0f}: {ours - other:.0f} more, of which {own:.0f} are the responder's in memory; "
            f"0.8 would leave it {other / 0.8 - other:.0f}" +
            (f". With 1,000 addresses the ratio is {statistics.median(mixes['1,000 addresses']):.2f}" if "1,000 addresses" in mixes else "") +
            ". The driver copies each packet out of memory with the same core, and packets and tables share its caches")


def p8(context):
    pattern = (r"BM_DecideRoomy/20000|BM_Decide/10000/(0|50)/0" if context.smoke else
               r"BM_DecideRoomy/10000000|BM_Decide/10000000/(0|10|50)/0|BM_Journal|BM_DecideWhitelisted")
    rows, how = google(context, "greylist_bench", pattern, seconds=0.5)  # a journal that is written each 0.2
    rate = lambda name: [value / 1e6 for value in column(rows[name], "items_per_second")]
    name = lambda start: next(name for name in rows if name.startswith(start))
    parts = [Part("half new, room for more, journal off", "million decisions/s", rate(name("BM_DecideRoomy")), 15)]
    if not context.smoke:
        parts.append(Part("10 % new, with journal", "million decisions/s", rate(name("BM_Journal")), 8))
        parts.append(Part("that the journal had no room for", "of the decisions", column(rows[name("BM_Journal")], "behind"), 0, True))
    beside = [Part(each[3:], "million decisions/s", rate(each)) for each in rows]
    # A capture is replayed, so that its triplets are new once; here each question is asked once, in memory and from port to port.
    questions, memory_how = google(context, "responder_grey_bench", f"BM_ResponderGrey(New)?/{20_000 if context.smoke else 10_000_000}/1/0", once=True)
    for each, found in questions.items():
        kind = "new" if "New" in each else "within their delay"
        beside.append(Part(f"the responder in memory, half known, half {kind}", "ns a question", column(found, "ns/question")))
    once, _, once_how = _ports(context, "grey_port_to_port", "grey", "--once", 19_200 if context.smoke else 1_024_000, repeat=2, once=True)
    beside.append(Part("port to port from a pipe, each question once, half known, half new, to testpmd", "ratio", once["ratios"]))
    beside += [Part(f"{name}, from a pipe", "million packets/s", [rate / 1e6 for rate in once[of]]) for name, of in (("testpmd", "other"), ("rblitzd", "ours"))]
    beside.append(Part("new ones from a pipe that the journal had no room for", "of them", once["behind"]))
    close = _ports(context, "grey_port_to_port", "grey", "--close", seconds=2, once=True)[0]
    beside.append(Part("port to port, to testpmd with buffers as close", "ratio", close["ratios"]))
    figures, text, port_how = _ports(context, "grey_port_to_port", "grey", seconds=4)
    parts.append(Part("port to port, to testpmd", "ratio", figures["ratios"], 0.35))
    forgotten = max(max(column(found, "forgotten")) for found in rows.values())
    known = rate("BM_Decide/10000/0/0" if context.smoke else "BM_Decide/10000000/0/0")
    other, ours = (statistics.median(1e9 / packets for packets in figures[of]) for of in ("other", "ours"))
    size = 8 if context.smoke else 512
    lines, _ = google(context, "tables_bench", f"BM_WrittenLines/{size}/real_time/threads:1$", once=True)
    written = statistics.median(1e9 / lines_a_second for lines_a_second in column(next(iter(lines.values())), "items_per_second"))
    return Result("greylist, 10 million triplets", f"{how}; {memory_how}; {port_how}; {once_how}", parts, beside, checked=f"in memory each decision: nothing new is taken for known, and in a full table {forgotten:.1%} of what has passed for new, whose rows "
                          f"found no room or had to go; the responder's answers in memory: those to the first 16,384 questions, when they are asked again; port to port: {_right(text)}; from a pipe: counted, one for one",
                  bound=f"known triplets alone, which need two lines of memory each and change nothing, are decided at {statistics.median(known):.1f} million/s; "
                        f"a new one writes three lines more, of a table too large for any cache, and claims its slot by a locked operation: to write a line at random of {size} MiB, its address known beforehand, "
                        f"64 under way and nothing else done, takes {written:.1f} ns. Port to port testpmd takes "
                        f"{other:.0f} ns a packet, rblitzd {ours:.0f}: {ours - other:.0f} more, of which a decision of a known triplet in memory takes {1e3 / statistics.median(known):.0f}")


def p11(context):
    figures, text, how = _ports(context, "heat_port_to_port", "ports", seconds=3)  # the lists of P1
    return Result("heat zone, port to port, to a list", how, [Part("heat to list", "ratio", figures["ratios"], 0.9)],
                  [Part(name, "million packets/s", [rate / 1e6 for rate in figures[of]]) for name, of in (("list", "other"), ("heat", "ours"))],
                  checked=_right(text), bound=_heat_bound(context))


def _heat_bound(context):
    rows, _ = google(context, "responder_bench", rf"BM_Responder_Heat/|BM_Responder/{100_000 if context.smoke else 10_000_000}/1/50", once=True)
    heat, listed = (min(column(next(found for name, found in rows.items() if ("Heat" in name) == is_heat), "p50")) for is_heat in (True, False))
    return f"in memory, without ports, a question of heat takes {heat:.1f} ns, one of the list {listed:.1f}"
