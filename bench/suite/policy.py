"""The policy service beside postgrey (P9)."""

import statistics

from suite.measure import Part, Result, script


def p9(context):
    words = ["--runs", 1] + (["--requests", 2500] if context.smoke else [])
    figures, _, how = script(context, "policy", *words)
    of_udp, _, udp_how = script(context, "policy", *words, "--transport", "udp")
    loads = figures["loads"]
    most = lambda key: max((load[key] for load in loads), key=statistics.median)  # each at the load that suits it best
    parts = [Part("each at its best load", "times postgrey's requests/s", [a / b for a, b in zip(most("ours"), most("theirs"))], 20)]
    beside = [Part(f"{load['connections']} connections", "times postgrey's requests/s", load["times"]) for load in loads]
    for load in loads:
        beside += [Part(f"{who}, {load['connections']} connections", "requests/s", load[key]) for who, key in (("postgrey", "theirs"), ("rblitz-policyd", "ours"))]
    beside += [Part(f"over UDP, {load['connections']} connections", "times postgrey's requests/s", load["times"]) for load in of_udp["loads"]]
    bound = "postgrey and its client have a core each, here three programs share two. In the last round, with " + ". ".join(load["bound"] for load in loads)
    return Result("policy service beside postgrey, a connection has one request at a time", f"{how}; {udp_how}", parts, beside,
                  checked="every request was of a new triplet and was deferred, or it ends", bound=bound)
