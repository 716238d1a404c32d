"""Sends packets from guests and tells where they arrive. packets.ts speaks with it, a line each way:

  send ID NETNS icmp|tcp|udp ADDRESS PORT     by the guest's own routes; no answer
  (a packet of ours arrives)                  -> got ID NETNS request|answer

Arguments: namespaces with a card eth0. A packet carries its ID in its payload, a TCP packet is a SYN that carries one; an
`answer` is the answer to a ping, which carries it back.
"""

import ctypes
import os
import selectors
import socket
import struct
import sys

CLONE_NEWNET = 0x40000000
MARK = b'neutrino-trace:'
ETH_P_IP = 0x0800
ETH_P_IPV6 = 0x86DD
PACKET_OUTGOING = 4
ECHO = {4: (8, 0), 6: (128, 129)}
PROTOCOLS = {4: socket.IPPROTO_ICMP, 6: socket.IPPROTO_ICMPV6}
FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}

libc = ctypes.CDLL(None, use_errno=True)


def enter(netns):
    with open(f'/run/netns/{netns}') as namespace:
        if libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f'cannot enter {netns}')


def sniffer(netns, kind):
    enter(netns)
    packets = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(kind))
    packets.bind(('eth0', kind))
    packets.setblocking(False)
    return packets


def checksum(data):
    data += b'\0' * (len(data) % 2)
    total = sum(struct.unpack(f'!{len(data) // 2}H', data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def packed(version, address):
    return socket.inet_pton(FAMILIES[version], address)


def pseudo(version, source, target, protocol, length):
    ends = packed(version, source) + packed(version, target)
    return ends + (struct.pack('!BBH', 0, protocol, length) if version == 4 else struct.pack('!IHBB', length, 0, 0, protocol))


def syn(version, source, target, number, port, payload):
    head = struct.pack('!HHIIBBHHH', 20000 + number % 40000, port, number, 0, 5 << 4, 2, 65535, 0, 0)
    total = checksum(pseudo(version, source, target, socket.IPPROTO_TCP, len(head) + len(payload)) + head + payload)
    return head[:16] + struct.pack('!H', total) + head[18:] + payload


def send(number, netns, protocol, address, port):
    enter(netns)
    version = 6 if ':' in address else 4
    payload = MARK + str(number).encode() + b';'
    place = (address, 0)
    if protocol == 'udp':
        with socket.socket(FAMILIES[version], socket.SOCK_DGRAM) as out:
            out.sendto(payload, (address, port))
        return
    number_of = {'icmp': PROTOCOLS[version], 'tcp': socket.IPPROTO_TCP}[protocol]
    with socket.socket(FAMILIES[version], socket.SOCK_DGRAM) as route:
        route.connect((address, 9))
        source = route.getsockname()[0]
    with socket.socket(FAMILIES[version], socket.SOCK_RAW, number_of) as out:
        if protocol == 'tcp':
            out.sendto(syn(version, source, address, number, port, payload), place)
            return
        head = struct.pack('!BBHHH', ECHO[version][0], 0, 0, number & 0xFFFF, 1)
        total = checksum(head + payload) if version == 4 else 0  # the kernel's own for IPv6
        out.sendto(head[:2] + struct.pack('!H', total) + head[4:] + payload, place)


def tell(netns, data):
    at = data.find(MARK)
    if at < 0:
        return
    number = data[at + len(MARK):].split(b';')[0].decode()
    version = data[0] >> 4
    protocol = data[9] if version == 4 else data[6]
    start = (data[0] & 15) * 4 if version == 4 else 40
    # The kernel's word on a packet that it could not bring on holds what it is about.
    if protocol == PROTOCOLS[version] and data[start] not in ECHO[version]:
        return
    is_answer = protocol == PROTOCOLS[version] and data[start] == ECHO[version][1]
    print('got', number, netns, 'answer' if is_answer else 'request')


def receive(netns, packets):
    while True:
        try:
            data, address = packets.recvfrom(2048)
        except BlockingIOError:
            return
        except OSError:  # its card went away
            return
        if address[2] != PACKET_OUTGOING:
            tell(netns, data)


def obey(line):
    _, number, netns, protocol, address, port = line.split()
    try:
        send(int(number), netns, protocol, address, int(port))
    except OSError as error:  # no route: it does not leave the guest
        print('failed', number, error.strerror)


def main(*namespaces):
    selector = selectors.DefaultSelector()
    for netns in namespaces:
        for kind in (ETH_P_IP, ETH_P_IPV6):
            selector.register(sniffer(netns, kind), selectors.EVENT_READ, netns)
    selector.register(sys.stdin.fileno(), selectors.EVENT_READ)
    print('ready')
    pending = b''
    while True:
        sys.stdout.flush()
        for key, _ in selector.select():
            if key.data is not None:
                receive(key.data, key.fileobj)
                continue
            read = os.read(sys.stdin.fileno(), 1 << 16)
            if not read:
                return
            *lines, pending = (pending + read).split(b'\n')
            for line in lines:
                obey(line.decode())


main(*sys.argv[1:])
