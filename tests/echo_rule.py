"""The rule of tests/echo.h, and what an answer's frame must look like, by scapy's decoder instead of ours."""

import struct

from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import (ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6NDOptDstLLAddr, IPv6)
from scapy.layers.l2 import ARP, Dot1Q, Ether
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
    for layer, fields in ((IP, ("chksum", "len")), (IPv6, ("plen",)), (UDP, ("chksum", "len")), (ICMP, ("chksum",)),
                          (ICMPv6EchoReply, ("cksum",)), (ICMPv6ND_NA, ("cksum",))):
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


def check_turned6(question, answer):
    """The same of IPv6."""
    assert answer.src == question.dst and answer.dst == question.src, "MACs are exchanged"
    assert answer[IPv6].src == question[IPv6].dst and answer[IPv6].dst == question[IPv6].src, "addresses are exchanged"
    assert answer[IPv6].hlim == 64 and answer[IPv6].fl == 0
    assert len(bytes(answer)) == (18 if Dot1Q in answer else 14) + 40 + answer[IPv6].plen, "no byte behind the packet"
    assert bytes(answer) == right_checksums(answer), "checksums and lengths are those that scapy computes"


def check_tag(question, answer):
    """The answer has the question's tag, or none as it."""
    tags = [(frame[Dot1Q].prio, frame[Dot1Q].id, frame[Dot1Q].vlan) if Dot1Q in frame else None
            for frame in (question, answer)]
    assert tags[0] == tags[1], tags


def check_udp6(question, port, payload, answer, capacity=1452):
    check_turned6(question, answer)
    assert answer[IPv6].nh == 17, "no extension header"
    assert answer[UDP].sport == 53 and answer[UDP].dport == port
    assert answer[UDP].chksum != 0
    assert bytes_of(answer) == echo(payload, capacity)


def check_echo6(question, answer):
    check_turned6(question, answer)
    asked, reply = question[ICMPv6EchoRequest], answer[ICMPv6EchoReply]
    assert reply.code == 0 and (reply.id, reply.seq, bytes(reply.data)) == (asked.id, asked.seq, bytes(asked.data))


def check_advertisement(question, answer, mac):
    is_probe = question[IPv6].src == "::"
    assert answer.src == mac and answer.dst == ("33:33:00:00:00:01" if is_probe else question.src)
    assert answer[IPv6].src == question[ICMPv6ND_NS].tgt and answer[IPv6].hlim == 255
    assert answer[IPv6].dst == ("ff02::1" if is_probe else question[IPv6].src)
    advertisement = answer[ICMPv6ND_NA]
    assert (advertisement.R, advertisement.S, advertisement.O) == (0, 0 if is_probe else 1, 1)
    assert advertisement.tgt == question[ICMPv6ND_NS].tgt
    assert answer[ICMPv6NDOptDstLLAddr].lladdr == mac
    assert bytes(answer) == right_checksums(answer)


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
    sent = stats["answered"] + stats["arp_replies"] + stats["nd_replies"] + stats["icmp_replies"]
    return stats["received"] == sent + sum(stats["dropped"].values())
