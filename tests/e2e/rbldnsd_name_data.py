"""Random data files of names in rbldnsd's formats dnset and generic: few labels, so that names nest and meet.

Deterministic: everything is drawn from the random.Random that is handed in.
"""

from rbldnsd_data import DataFile

LABELS = ("a", "b", "q", "mail", "x1", "under_score", "xn--bcher-kva", "l" * 63)


class NameFile(DataFile):
    def prepare(self):
        self.entered = set()  # names that lines are about, in lower case, without "*." and "."
        self.listed, self.excluded = set(), set()

    def name(self):
        depth = self.source.choice((1, 2, 2, 3, 3, 4, 7))
        return ".".join(self.source.choice(LABELS if depth < 7 else LABELS[:4]) for _ in range(depth))

    def written(self, name):
        """As it may stand in a file: letters of either case, an escape."""
        roll = self.source.random()
        if roll < 0.1:
            return name.upper()
        return name.replace("m", "\\109", 1) if roll < 0.15 else name

    def known(self, name):
        self.entered.add(name)
        self.edges |= {name, "zz." + name, "a.q." + name, name.partition(".")[2]} - {""}

    def edge_names(self):
        return [name for name in self.edges if len(name) < 200]

    def near(self):
        return self.source.choice(("", "zz.")) + self.name() + self.source.choice(("", f".n{self.source.randrange(1000)}"))


class DnsetFile(NameFile):
    def entry(self):
        name = self.name()
        self.known(name)
        excluded = self.source.random() < 0.25
        (self.excluded if excluded else self.listed).add(name)
        form = self.source.choice(("", "", "*.", "."))
        return ("!" if excluded else "") + form + self.written(name) + self.tail_of_key()

    def tail_of_key(self):
        """What is not behind a blank belongs to the name."""
        tail = self.tail()
        return " " + tail if tail else ""

    def bad(self):
        return self.source.choice(("a..b", "*.", "!", "l" * 64 + ".b", "$UNKNOWN 1", "a.b :0:zero", "a.b :256:many"))


class GenericFile(NameFile):
    """Nothing that aborts rbldnsd's whole load: a bad TTL, a broken MX. $TTL stands in front of all records or nowhere, and a record's
    own TTL is below or above all that records without one may get, so that the smallest of several tells where it is from."""

    def line(self):
        roll = self.source.random()
        if not self.text and roll < 0.5 or self.ttl and roll < 0.05:
            return self.special()
        if roll < 0.08:
            return self.source.choice(("", "# a comment", "; another"))
        return self.bad() if roll < 0.1 else self.entry()

    def entry(self):
        name = self.name()
        self.known(name)
        self.listed.add(name)
        data = self.source.choice((
            lambda: "A " + self.a_value(),
            lambda: "A " + self.a_value(),
            lambda: "TXT " + self.words(),
            lambda: f'TXT "{self.words()}"',
            lambda: f"MX {self.source.randrange(100)} {self.name()}.example",
        ))()
        ttl = self.source.choice(("", "", "60 ", "1m ", "7000 "))
        return f"{self.written(name)} {ttl}{self.source.choice(('', 'IN ', 'in '))}{data}"

    def bad(self):
        return self.source.choice(("a.b AAAA ::1", "a.b CNAME q", "a.b", "a.b A", "a.b A 1.2.3.4.5", "$UNKNOWN 1"))
