"""What tests of heat share: maps along the Hilbert curve as PNG, and answers as text."""

import struct
import zlib

import dns.message
import dns.query
import dns.rcode

# State, then digit: bits of x and y, and the state that follows.
CURVE = (((0, 0, 1), (0, 1, 0), (1, 1, 0), (1, 0, 3)), ((0, 0, 0), (1, 0, 1), (1, 1, 1), (0, 1, 2)),
         ((1, 1, 3), (1, 0, 2), (0, 0, 2), (0, 1, 1)), ((1, 1, 2), (0, 1, 3), (0, 0, 3), (1, 0, 0)))


def pixel(position, order):
    """Where a position on the curve is drawn."""
    x = y = state = 0
    for shift in range(2 * order - 2, -2, -2):
        right, down, state = CURVE[state][position >> shift & 3]
        x, y = 2 * x + right, 2 * y + down
    return x, y


def chunk(kind, data):
    return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))


def grey_map(scores, order=8):
    """A grey PNG of a side of 2^order pixels; `scores`: of networks by their number, at order 8 those of /16s."""
    side = 1 << order
    rows = [bytearray(side + 1) for _ in range(side)]
    for network, score in scores.items():
        x, y = pixel(network, order)
        rows[y][x + 1] = score
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack("!IIBBBBB", side, side, 8, 0, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(b"".join(rows))) + chunk(b"IEND", b""))


def name(address, zone):
    return ".".join(reversed(address.split("."))) + "." + zone


def ask(qname, kind="A", address="127.0.0.1", port=53, over=dns.query.udp):
    """An answer as text: its records' data, NODATA, or the name of the rcode."""
    answer = over(dns.message.make_query(qname, kind), address, port=port, timeout=30)
    if answer.rcode() != 0:
        return dns.rcode.to_text(answer.rcode())
    return ",".join(data.to_text() for rrset in answer.answer for data in rrset) or "NODATA"
