# What is in the network namespace this runs in: look.sh IPTABLES-FLAVOUR IP6TABLES-FLAVOUR KEY-OF-SYSCTL…
#
# Four programs, started by this small shell: a fork of the helper, and a way into the namespace, for each of them cost as much
# as the programs themselves. Behind what each printed stands a line: a record separator, its name, and its exit code.
iptables=iptables$1-save
ip6tables=ip6tables$2-save
shift 2
ended() {
  printf '\036%s %s\n' "$1" "$2"
}
ip -j -d -batch - <<END
addr show
route show table all
END
ended ip $?
sysctl -e "$@"
ended sysctl $?
"$iptables"
ended iptables $?
"$ip6tables"
ended ip6tables $?
