"""Random data files of IPv6 prefixes in rbldnsd's formats: a few networks, entries of all lengths and notations that nest and meet.

Deterministic: everything is drawn from the random.Random that is handed in.
"""

import ipaddress

from rbldnsd_data import DataFile

MAX_ADDRESS = (1 << 128) - 1


class Ip6File(DataFile):
    def prepare(self):
        tops = [self.source.choice((0x20010db8, 0x2a000001, 0x26070000, 0xfe800000)) << 96 for _ in range(2)]
        sites = [top | self.source.choice((0, 1, 0xff, 0xffff)) << 80 for top in tops for _ in range(2)]
        self.units = [site | self.source.choice((0, 1, 0x8000, 0xffff)) << 64 for site in sites for _ in range(2)]

    def address(self):
        return self.source.choice(self.units) | self.source.choice((0, 1, 2, 3, 1 << 63, (1 << 64) - 1, self.source.getrandbits(64)))

    def known(self, start, length):
        last = start | MAX_ADDRESS >> length
        for edge in (start - 1, start, last, last + 1, (start + last) // 2, self.source.randint(start, last)):
            if 0 <= edge <= MAX_ADDRESS:
                self.edges.add(edge)

    def groups(self, address, count):
        """So many groups, zeros in front now and then, in letters of either case."""
        digits = "04x" if self.source.random() < 0.2 else "x"
        text = ":".join(format(address >> 112 - 16 * i & 0xffff, digits) for i in range(count))
        return text.upper() if self.source.random() < 0.2 else text

    def whole(self, address):
        self.known(address, 128)
        return self.source.choice((self.groups(address, 8), ipaddress.IPv6Address(address).compressed))

    def unit(self):
        start = self.address() >> 64 << 64
        self.known(start, 64)
        return self.groups(start, 4)

    def prefix(self):
        length = self.source.choice((32, 33, 47, 48, 52, 56, 60, 63, 64, 64, 65, 96, 112, 127, 128, self.source.randrange(24, 129)))
        start = self.address() >> 128 - length << 128 - length
        self.known(start, length)
        return f"{self.source.choice((self.groups(start, 8), ipaddress.IPv6Address(start).compressed))}/{length}"

    def short_prefix(self):
        groups = self.source.choice((2, 3, 4, 5, 8))
        start = self.address() >> 128 - 16 * groups << 128 - 16 * groups
        self.known(start, 16 * groups)
        return self.groups(start, groups)

    def entry(self):
        excluded = self.source.random() < 0.25
        if self.kind == "ip6tset":
            key = "!" + self.whole(self.address()) if excluded else self.unit()
            return key + (self.tail_of_key() if self.source.random() < 0.2 else "")
        key = self.source.choice((self.prefix, self.prefix, self.short_prefix, lambda: self.whole(self.address())))()
        return self.source.choice(("", "", " ", "\t")) + ("!" if excluded else "") + key + self.tail_of_key()

    def tail_of_key(self):
        """A colon directly behind would belong to the address."""
        tail = self.tail()
        return " " + tail if tail.startswith(":") else tail

    def bad(self):
        return self.source.choice(("2001:db8::/129", "2001:db8::1/64", "2001:db8:::1", "12345::", "2001:db8::1.2.3.4", "2001",
                                   "name.example.com", "2001:db8:0:0:1::x", "$UNKNOWN 1", "2001:db8::g"))

    @staticmethod
    def asked(address):
        return ".".join(reversed(format(address, "032x")))

    def edge_names(self):
        return [self.asked(address) for address in self.edges]

    def near(self):
        return self.asked(self.source.choice((self.address, lambda: self.address() ^ 1 << self.source.randrange(128),
                                              lambda: self.source.getrandbits(128)))())
