"""The rule of tests/echo.h, and what an answer's frame must look like, by scapy's decoder instead of ours."""

import struct

from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Raw


def echo(question, capacity):
    """The payload that answers `question`."""
    first = question[0]
    answer = bytes(byte ^ 0xFF for byte in question)
    if first % 2:
        answer += bytes([first]) * first
    else:
        answer = answer[: max(1, len(answer) - min(len(answer), first // 2))]
    return answer[:capacity]


def bytes_of(layer):
    return bytes(layer[Raw].load) if Raw in layer else b""


def right_checksums(frame):
    """The frame with every checksum and length computed anew by scapy."""
    copy = Ether(bytes(frame))
    # Of an ICMP checksum's two zeros we send 0xffff, which verifies whatever the data; scapy computes 0.
    is_other_zero = ICMP in copy and copy[ICMP].chksum == 0xFFFF
    for layer, fields in ((IP, ("chksum", "len")), (UDP, ("chksum", "len")), (ICMP, ("chksum",))):
        if layer in copy:
            for field in fields:
                delattr(copy[layer], field)
    copy = Ether(bytes(copy))
    if is_other_zero and copy[ICMP].chksum == 0:
        copy[ICMP].chksum = 0xFFFF
    return bytes(copy)


def check_turned(question, answer):
    """What holds of every IPv4 frame that goes back."""
    assert answer.src == question.dst and answer.dst == question.src, "MACs are exchanged"
    assert answer[IP].src == question[IP].dst and answer[IP].dst == question[IP].src, "addresses are exchanged"
    assert answer[IP].ttl == 64 and answer[IP].ihl == 5 and answer[IP].flags == "DF" and answer[IP].frag == 0
    assert len(bytes(answer)) == 14 + answer[IP].len, "no byte behind the packet"
    assert bytes(answer) == right_checksums(answer), "checksums and lengths are those that scapy computes"


def check_udp(question, answer, capacity=1472):
    check_turned(question, answer)
    assert answer[UDP].sport == 53 and answer[UDP].dport == question[UDP].sport
    assert answer[UDP].chksum != 0, "an answer always has a checksum"
    size = question[UDP].len - 8 if question[UDP].len else len(bytes_of(question))
    assert bytes_of(answer) == echo(bytes_of(question)[:size], capacity)


def check_echo(question, answer):
    check_turned(question, answer)
    assert answer[ICMP].type == 0 and answer[ICMP].code == 0
    assert (answer[ICMP].id, answer[ICMP].seq) == (question[ICMP].id, question[ICMP].seq)
    assert bytes_of(answer) == bytes_of(question)


def check_arp(question, answer, mac):
    assert answer.src == mac and answer.dst == question.src and answer[ARP].op == 2
    assert answer[ARP].hwsrc == mac and answer[ARP].psrc == question[ARP].pdst
    assert answer[ARP].hwdst == question[ARP].hwsrc and answer[ARP].pdst == question[ARP].psrc


def built(frame):
    """The frame as its bytes say, with all that scapy fills in only on the wire."""
    return Ether(bytes(frame))


def with_lengths(frames):
    """The format of tests/frame_echo."""
    return b"".join(struct.pack(">H", len(bytes(frame))) + bytes(frame) for frame in frames)


def split_lengths(data):
    frames = []
    while data:
        (length,) = struct.unpack_from(">H", data)
        frames.append(data[2 : 2 + length])
        data = data[2 + length :]
    return frames


def adds_up(stats):
    sent = stats["answered"] + stats["arp_replies"] + stats["icmp_replies"]
    return stats["received"] == sent + sum(stats["dropped"].values())
