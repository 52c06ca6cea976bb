"""The policy service beside postgrey (P9)."""

from suite.measure import Part, Result, script


def p9(context):
    words = ["--runs", context.repeat] + (["--requests", 2500] if context.smoke else [])
    figures, _, how = script(context, "policy", *words)
    loads = figures["loads"]
    largest = loads[-1]
    parts = [Part(f"{largest['connections']} connections", "times postgrey's requests/s", largest["times"], 20)]
    beside = [Part(f"{load['connections']} connections", "times postgrey's requests/s", load["times"]) for load in loads[:-1]]
    for load in loads:
        beside += [Part(f"{who}, {load['connections']} connections", "requests/s", load[key]) for who, key in (("postgrey", "theirs"), ("rblitz-policyd", "ours"))]
    cpu = largest.get("cpu_us")
    bound = "" if not cpu else ("CPU time a request in us: " + ", ".join(f"{name} {value:.1f}" for name, value in cpu.items()) +
                                "; postgrey and its client have a core each, here three programs share two")
    return Result("policy service beside postgrey, a connection has one request at a time", how, parts, beside,
                  checked="every request was of a new triplet and was deferred, or it ends", bound=bound)
