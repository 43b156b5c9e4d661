#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Record what a kernel answers about IPoIB interfaces, for netlink/test_ipoib.c.

To be run as root where ib0 is an IPoIB interface that is up (the lab's guests have one):

	record.py DIRECTORY

Each file of the directory is one answer in hexadecimal, as it came from the socket. They are named
after the kernel ("6.12") and what was asked.
"""
import ctypes
import os
import socket
import struct
import subprocess
import sys
import time

DONE, RTM_NEWLINK, RTM_GETLINK = 3, 16, 18
REQUEST, ACK, DUMP, EXCL, CREATE = 1, 4, 0x300, 0x200, 0x400
NEST = 0x8000
IFNAME, LINK, LINKINFO, NET_NS_FD, EXT_MASK = 3, 5, 18, 28, 29
SKIP_STATS = 8


def attr(kind, data):
    return struct.pack("HH", len(data) + 4, kind) + data + b"\0" * (-len(data) % 4)


def info(**values):
    numbers = {"pkey": 1, "mode": 2, "umcast": 3}
    data = b"".join(attr(numbers[key], struct.pack("H", value)) for key, value in values.items())
    return attr(LINKINFO | NEST, attr(1, b"ipoib\0") + (attr(2 | NEST, data) if data else b""))


def ask(kind, flags, *attributes):
    """The datagrams of the answer, joined."""
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    sock.setsockopt(270, 11, 1)  # NETLINK_EXT_ACK
    sock.settimeout(10)
    body = struct.pack("BxHiII", 0, 0, 0, 0, 0) + b"".join(attributes)
    sock.send(struct.pack("IHHII", 16 + len(body), kind, REQUEST | flags, 1, 0) + body)
    answer = sock.recv(65536)
    while flags & DUMP == DUMP and DONE not in types(answer):
        answer += sock.recv(65536)
    return answer


def types(answer):
    at = 0
    while at < len(answer):
        length, kind = struct.unpack_from("IH", answer, at)
        yield kind
        at += (length + 3) & ~3


def get(name):
    return ask(RTM_GETLINK, 0, attr(IFNAME, name.encode() + b"\0"),
               attr(EXT_MASK, struct.pack("I", SKIP_STATS)))


def create(name, **values):
    with open("/run/netns/record") as netns:
        return ask(RTM_NEWLINK, ACK | CREATE | EXCL, attr(IFNAME, name.encode() + b"\0"),
                   attr(LINK, struct.pack("I", socket.if_nametoindex("ib0"))),
                   attr(NET_NS_FD, struct.pack("I", netns.fileno())), info(**values))


def setns(namespace):
    if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), 0):
        raise OSError(ctypes.get_errno(), "setns")


def inside(function, *arguments):
    home = open("/proc/self/ns/net")
    with open("/run/netns/record") as netns:
        setns(netns)
    try:
        return function(*arguments)
    finally:
        setns(home)


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True)


def main():
    directory = sys.argv[1]
    kernel = ".".join(os.uname().release.split("+")[0].split(".")[:2])

    def keep(what, answer):
        text = answer.hex()
        with open(f"{directory}/{kernel}-{what}.hex", "w") as file:
            for at in range(0, len(text), 64):
                file.write(text[at:at + 64] + "\n")

    keep("parent", get("ib0"))
    ip("netns", "add", "record")
    keep("created", create("net1", pkey=0x8001, umcast=1))
    ip("-n", "record", "link", "set", "net1", "alias", "fabric-cni 0123456789abcdef")
    keep("child", inside(get, "net1"))
    create("net2")
    inside(lambda: ask(RTM_NEWLINK, ACK, attr(IFNAME, b"net2\0"), info(mode=1)))
    keep("connected", inside(get, "net2"))
    keep("pkey-zero", create("net3", pkey=0))
    keep("taken", create("net1"))
    keep("missing", get("nosuch"))
    ip("netns", "del", "record")
    for _ in range(100):
        if os.path.exists("/sys/class/net/net1"):
            break
        time.sleep(0.1)
    keep("stray", get("net1"))
    keep("list", ask(RTM_GETLINK, DUMP, attr(EXT_MASK, struct.pack("I", SKIP_STATS)), info()))


main()
