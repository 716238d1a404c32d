"""Sends and records frames on interfaces. station.ts speaks with it, a line each way; each interface has a number:

  send AT ID HEX [HEX ...]   puts these frames on the wire as they are   -> sent AT ID | failed AT ID REASON
  close AT                   leaves it                                   -> closed AT
  (a frame arrives)                                                      -> got AT HEX

Arguments: a CPU, then an interface each, as DEVICE or NETNS/DEVICE. Node has no packet sockets. A tag that the kernel took
out of a received frame is put back where it was.
"""

import ctypes
import os
import selectors
import socket
import struct
import sys

ETH_P_ALL = 3
SOL_PACKET = 263
SO_RCVBUFFORCE = 33  # not cut to what the kernel lets everybody have
PACKET_ADD_MEMBERSHIP = 1
PACKET_AUXDATA = 8
PACKET_MR_PROMISC = 1
PACKET_IGNORE_OUTGOING = 23
PACKET_OUTGOING = 4
TP_STATUS_VLAN_VALID = 1 << 4
TP_STATUS_VLAN_TPID_VALID = 1 << 6
AUXDATA = struct.Struct('=IIIHHHH')
LONGEST = 65536
CLONE_NEWNET = 0x40000000

libc = ctypes.CDLL(None, use_errno=True)
own = open('/proc/self/ns/net')


def enter(namespace):
    if libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), f'cannot enter {namespace.name}')


def open_socket(place):
    *netns, device = place.split('/')
    # A socket stays in the namespace it was made in.
    enter(open(f'/run/netns/{netns[0]}') if netns else own)
    packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    packets.bind((device, ETH_P_ALL))
    packets.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    packets.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    packets.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 4 << 20)
    member = struct.pack('IHH8s', socket.if_nametoindex(device), PACKET_MR_PROMISC, 0, b'')
    packets.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, member)
    packets.setblocking(False)
    return packets


def with_tag(frame, control):
    for level, kind, data in control:
        if level != SOL_PACKET or kind != PACKET_AUXDATA:
            continue
        status, _, _, _, _, tag, tpid = AUXDATA.unpack(data[: AUXDATA.size])
        if status & TP_STATUS_VLAN_VALID:
            tpid = tpid if status & TP_STATUS_VLAN_TPID_VALID else 0x8100
            return frame[:12] + struct.pack('!HH', tpid, tag) + frame[12:]
    return frame


def receive(at, packets):
    while True:
        try:
            frame, control, _, address = packets.recvmsg(LONGEST, socket.CMSG_SPACE(AUXDATA.size))
        except BlockingIOError:
            return
        except OSError as error:  # the device went down
            print('down', at, error.strerror)
            return
        if address[2] != PACKET_OUTGOING:
            print('got', at, with_tag(frame, control).hex())


def send(at, packets, number, frames):
    try:
        for frame in frames:
            packets.send(bytes.fromhex(frame))
        print('sent', at, number)
    except OSError as error:
        print('failed', at, number, error.strerror)


def obey(line, places, selector):
    word, at, *rest = line.split()
    if word == 'send':
        send(at, places[at], *rest[:1], rest[1:])
        return
    packets = places.pop(at)
    selector.unregister(packets)
    packets.close()
    print('closed', at)


def main(cpu, *wanted):
    # What stations send after each other arrives in that order: every frame goes through the queue of one CPU.
    os.sched_setaffinity(0, {int(cpu)})
    places = {str(at): open_socket(place) for at, place in enumerate(wanted)}
    selector = selectors.DefaultSelector()
    for at, packets in places.items():
        selector.register(packets, selectors.EVENT_READ, at)
    selector.register(sys.stdin.fileno(), selectors.EVENT_READ)
    print('ready')
    pending = b''
    while places:
        sys.stdout.flush()
        for key, _ in selector.select():
            if key.data is not None:
                receive(key.data, key.fileobj)
                continue
            read = os.read(sys.stdin.fileno(), 1 << 20)
            if not read:
                return
            *lines, pending = (pending + read).split(b'\n')
            for line in lines:
                obey(line.decode(), places, selector)
    sys.stdout.flush()


main(*sys.argv[1:])
