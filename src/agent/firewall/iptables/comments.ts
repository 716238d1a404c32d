/**
 * Comments of rules. The words are upstream's (agent/linux/iptables_comments.py): a rule of a host that is taken over is
 * the same rule only with the same comment.
 */
export const comments = {
  unmatched: 'Default drop rule for unmatched traffic.',
  toGroups: 'Direct traffic from the VM interface to the security group chain.',
  toPort: 'Jump to the VM specific chain.',
  input: 'Direct incoming traffic from VM to the security group chain.',
  pair: 'Allow traffic from defined IP/MAC pairs.',
  noPair: 'Drop traffic without an IP/MAC allow rule.',
  dhcpClient: 'Allow DHCP client traffic.',
  dhcpServer: 'Prevent DHCP Spoofing by VM.',
  fallback: 'Send unmatched traffic to the fallback chain.',
  invalid:
    'Drop packets that appear related to an existing connection (e.g. TCP ACK/FIN) but do not have an entry in conntrack.',
  established: 'Direct packets associated with a known session to the RETURN chain.',
  open: 'Accept all packets when port security is disabled.',
  advertisement: 'Drop IPv6 Router Advts from VM Instance.',
  icmpv6: 'Allow IPv6 ICMP traffic.',
  // Ours alone.
  routed: 'Direct routed traffic from VM to the security group chain.',
  closed: 'Drop traffic of taps without rules.',
} as const;

export type Comment = keyof typeof comments;

/** Puts the comment where iptables-save prints it, before the jump; leaves it out where comments are not wanted. */
export type Commented = (body: string, comment: Comment) => string;

export function commented(enabled: boolean): Commented {
  if (!enabled) return (body) => body;
  return (body, comment) => {
    const jump = Math.max(body.lastIndexOf('-j '), body.lastIndexOf('-g '));
    return `${body.slice(0, jump)}-m comment --comment "${comments[comment]}" ${body.slice(jump)}`;
  };
}
