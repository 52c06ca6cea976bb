"""Random data files in rbldnsd's formats, made to overlap: a few networks, all notations, all ways to give a value.

Deterministic: everything is drawn from the random.Random that is handed in.
"""

WORDS = ("listed", "see", "https://example.com/why?ip=$", "spam from $", "$$5", "(all of $)", "$1", "$2/$", "$7", "abuse", "=odd",
         "a;b", "c#d", "\"quoted\"", "x\\y")
MAX_ADDRESS = (1 << 32) - 1


def dotted(address, octets=4):
    return ".".join(str(octet) for octet in address.to_bytes(4, "big")[:octets])


class DataFile:
    """Lines of one data file, and the things at the edges of what they speak of.

    A kind of files says what an entry() is, what a bad() line, and how the things that it knows are asked for: edge_names() and
    near(), names below the zone.
    """

    def __init__(self, kind, source, lines):
        self.kind, self.source = kind, source
        self.text, self.edges = [], set()
        self.ttl = None  # of the last $TTL
        self.prepare()
        for _ in range(lines):
            self.text.append(self.line())

    def write(self, path):
        path.write_text("".join(line + "\n" for line in self.text))

    def line(self):
        roll = self.source.random()
        if roll < 0.05:
            return self.default()
        if roll < 0.08:
            return f"{self.source.choice(('$', '$', '#$', ';$', ':$'))}{self.source.randrange(1, 4)} {self.words()}"
        if roll < 0.085:
            return f"$= {self.words()} $= {self.words()}"
        if roll < 0.09:
            return self.special()
        if roll < 0.12:
            return self.source.choice(("", "# a comment", "; another", "   ", "\t# more"))
        if roll < 0.14:
            return self.bad()
        return self.entry()

    def special(self):
        text, self.ttl = self.source.choice((("60", 60), ("5m", 300), ("3000", 3000), ("1h", 3600)))
        return "$TTL " + text

    def entry(self):
        raise NotImplementedError

    def bad(self):
        """A line that must be skipped and must not disturb others."""
        raise NotImplementedError

    # -- values ----------------------------------------------------------------------------------------------------------

    def words(self):
        words = [self.source.choice(WORDS) for _ in range(self.source.randrange(1, 5))]
        if self.source.random() < 0.01:
            words.append("long" * 64)
        return " ".join(words)

    def a_value(self):
        octets = self.source.choice((1, 1, 1, 4, 4, 2, 3))
        if octets == 4:
            return f"127.0.{self.source.randrange(3)}.{self.source.randrange(1, 6)}"
        return ".".join(str(self.source.randrange(1, 6)) for _ in range(octets))

    def value(self):
        """What may follow a key, or stand in a default line behind its colon."""
        return self.source.choice((
            lambda: f":{self.a_value()}:{self.words()}",
            lambda: f":{self.a_value()}: {self.words()}",
            lambda: f":{self.a_value()}",
            lambda: f":{self.a_value()}:",
        ))()

    def default(self):
        return self.value()

    def tail(self):
        roll = self.source.random()
        if roll < 0.35:
            return ""
        if roll < 0.45:
            return self.source.choice((" # why", "; why", "\t; $ why", " #"))
        if roll < 0.65:
            return self.source.choice((" ", "\t", "   ")) + self.words().lstrip("#;:")
        return self.source.choice(("", " ", "\t ")) + self.value()


class Ip4File(DataFile):
    def prepare(self):
        # Few networks, so that entries meet at every octet level. 127/8 is left out: test points are another matter.
        self.tops = [self.source.choice((1, 10, 100, 126, 128, 203, 223)) << 24 for _ in range(2)]
        self.seconds = [top | self.source.choice((0, 1, 127, 255)) << 16 for top in self.tops for _ in range(2)]
        self.thirds = [second | self.source.choice((0, 1, 128, 255)) << 8 for second in self.seconds for _ in range(2)]

    def special(self):
        if self.kind == "ip4tset" or self.source.random() < 0.3:
            return super().special()
        return "$MAXRANGE4 " + self.source.choice(("/12", "1048576", "/8"))

    def address(self):
        base = self.source.choice(self.thirds) if self.source.random() < 0.8 else self.source.choice(self.seconds)
        return base | self.source.choice((0, 1, 2, 3, 127, 128, 254, 255, self.source.randrange(256)))

    def network(self):
        length = self.source.choice((8, 9, 12, 15, 16, 17, 20, 23, 24, 24, 25, 26, 28, 29, 30, 31, 32, self.source.randrange(8, 33)))
        start = self.address() >> 32 - length << 32 - length
        return start, length

    def known(self, first, last):
        for edge in (first - 1, first, last, last + 1, (first + last) // 2, self.source.randint(first, last)):
            if 0 <= edge <= MAX_ADDRESS:
                self.edges.add(edge)

    def single(self):
        address = self.address()
        self.known(address, address)
        if self.source.random() < 0.05:
            return ".".join(f"{octet:03}" for octet in address.to_bytes(4, "big"))
        return dotted(address)

    def prefix(self):
        octets = self.source.choice((2, 3, 3))
        address = self.source.choice(self.thirds)
        first = address >> 32 - 8 * octets << 32 - 8 * octets
        self.known(first, first | MAX_ADDRESS >> 8 * octets)
        return dotted(address, octets)

    def cidr(self):
        start, length = self.network()
        self.known(start, start | MAX_ADDRESS >> length)
        least = max(1, (length + 7) // 8)
        return f"{dotted(start, self.source.randint(least, 4))}/{length}"

    def range(self):
        octets = self.source.choice((4, 4, 4, 3, 2))
        unit = 32 - 8 * octets
        first = self.address() >> unit
        if self.source.random() < 0.5:
            last_octet = self.source.randint(first & 255, 255)
            last = first & ~255 | last_octet
            text = f"{dotted(first << unit, octets)}-{last_octet}"
        else:
            last = min(first + self.source.choice((0, 1, 5, 254, 255, 256, 300, 1000)), MAX_ADDRESS >> unit)
            text = f"{dotted(first << unit, octets)}-{dotted(last << unit, octets)}"
        self.known(first << unit, last << unit | (1 << unit) - 1)
        return text

    def entry(self):
        if self.kind == "ip4tset":
            key = self.single()
            return key + (self.tail() if self.source.random() < 0.2 else "")
        forms = [self.single, self.single, self.prefix, self.cidr, self.cidr]
        if self.kind == "ip4set":
            forms += [self.range, self.range]
        exclusion = self.source.choice(("", "", "", "", "!", "! "[:1]))
        lead = self.source.choice(("", "", "", " ", "\t"))
        return lead + exclusion + self.source.choice(forms)() + self.tail()

    def bad(self):
        return self.source.choice(("1.2.3.4/33", "10.1.2.3/24", "300.1.2.3", "1.2.3.4.5", "name.example.com", "1.2.3.-4",
                                   "10.0.0.9-10.0.0.2", "1.2.3.4 :0:zero", "1.2.3.4 :256:many", ":0:bad default", "$UNKNOWN 1"))

    @staticmethod
    def asked(address):
        return ".".join(reversed(dotted(address).split(".")))

    def edge_names(self):
        return [self.asked(address) for address in self.edges]

    def within(self, address):
        """The name of an IPv6 address that has it within: a mapped one (RFC 4291), or that of a host behind it (RFC 3056)."""
        around = self.source.choice((0xffff << 32 | address, 0x2002 << 112 | address << 80 | self.source.getrandbits(80)))
        return ".".join(reversed(format(around, "032x")))

    def near(self):
        address = self.source.choice((self.address, lambda: self.source.choice(self.tops) | self.source.getrandbits(24),
                                      lambda: self.source.getrandbits(32)))()
        return self.within(address) if self.source.random() < 0.2 else self.asked(address)


def questions(files, source, count):
    """Names to ask: the edges of what the files speak of, their neighbours, and some from anywhere near. Not RFC 5782's points."""
    edges = sorted(set().union(*(file.edge_names() for file in files)))
    asked = set(source.sample(edges, min(len(edges), count * 3 // 4)))
    while len(asked) < count:
        asked.add(source.choice(files).near())
    return sorted(asked - {"1.0.0.127", "2.0.0.127"})
