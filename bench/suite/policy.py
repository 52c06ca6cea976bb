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
    bound = "postgrey and its client have a core each, here three programs share two. " + ". ".join(load["bound"] for load in loads)
    return Result("policy service beside postgrey, a connection has one request at a time", how, parts, beside,
                  checked="every request was of a new triplet and was deferred, or it ends", bound=bound)
