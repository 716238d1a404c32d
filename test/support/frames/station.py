"""Sends and records frames on one interface. station.ts speaks with it, a line each way:

  send ID HEX [HEX ...]   puts these frames on the wire as they are      -> sent ID | failed ID REASON
  (a frame arrives)                                                      -> got HEX

Node has no packet sockets. A tag that the kernel took out of a received frame is put back where it was.
"""

import os
import selectors
import socket
import struct
import sys

ETH_P_ALL = 3
SOL_PACKET = 263
PACKET_ADD_MEMBERSHIP = 1
PACKET_AUXDATA = 8
PACKET_MR_PROMISC = 1
PACKET_IGNORE_OUTGOING = 23
PACKET_OUTGOING = 4
TP_STATUS_VLAN_VALID = 1 << 4
TP_STATUS_VLAN_TPID_VALID = 1 << 6
AUXDATA = struct.Struct('=IIIHHHH')
LONGEST = 65536


def open_socket(device):
    packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    packets.bind((device, ETH_P_ALL))
    packets.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    packets.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    packets.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
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


def receive(packets):
    while True:
        try:
            frame, control, _, address = packets.recvmsg(LONGEST, socket.CMSG_SPACE(AUXDATA.size))
        except BlockingIOError:
            return
        except OSError as error:  # the device went down
            print('down', error.strerror, flush=True)
            return
        if address[2] != PACKET_OUTGOING:
            print('got', with_tag(frame, control).hex(), flush=True)


def obey(packets, line):
    _, number, *frames = line.split()
    try:
        for frame in frames:
            packets.send(bytes.fromhex(frame))
        print('sent', number, flush=True)
    except OSError as error:
        print('failed', number, error.strerror, flush=True)


def main(device, cpu):
    # What stations send after each other arrives in that order: every frame goes through the queue of one CPU.
    os.sched_setaffinity(0, {int(cpu)})
    packets = open_socket(device)
    selector = selectors.DefaultSelector()
    selector.register(packets, selectors.EVENT_READ)
    selector.register(sys.stdin.fileno(), selectors.EVENT_READ)
    print('ready', flush=True)
    pending = b''
    while True:
        for key, _ in selector.select():
            if key.fileobj is packets:
                receive(packets)
                continue
            read = os.read(sys.stdin.fileno(), 1 << 20)
            if not read:
                return
            *lines, pending = (pending + read).split(b'\n')
            for line in lines:
                obey(packets, line.decode())


main(*sys.argv[1:])
