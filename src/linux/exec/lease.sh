#!/bin/sh
# neutrino-lease CARD TRIES: asks for a DHCP lease once, TRIES times a second apart, and configures the card with it.
# Exit code 1 when no server gave one. busybox's client calls this file again with what happened, and tells what it was
# given in the environment: that goes to LEASE_FILE, or to stdout where nobody named one.
case $1 in
bound | renew) ;;
deconfig | leasefail | nak) exit 0 ;;
*)
  command -v busybox > /dev/null || { echo 'busybox is not installed (Debian package busybox-static)' >&2; exit 2; }
  exec busybox udhcpc -i "$1" -f -q -n -t "$2" -T 1 -O 26 -O 42 -O 66 -O 121 -O 150 -s "$0" ;;
esac
ip -4 addr flush dev "$interface" scope global
ip addr add "$ip/$mask" dev "$interface"
[ -n "$mtu" ] && ip link set "$interface" mtu "$mtu"
# Classless routes go before the router option (RFC 3442).
if [ -n "$staticroutes" ]; then
  set -- $staticroutes
  while [ $# -ge 2 ]; do
    if [ "$2" = 0.0.0.0 ]; then ip route replace "$1" dev "$interface"
    else ip route replace "$1" via "$2" dev "$interface" onlink; fi
    shift 2
  done
elif [ -n "$router" ]; then
  ip route replace default via "${router%% *}" dev "$interface"
fi
if [ -n "$LEASE_FILE" ]; then env > "$LEASE_FILE"; else env; fi
