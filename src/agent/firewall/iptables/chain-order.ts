/**
 * Order of the rules of a port's chain. Rules that only let a packet return from the chain may stand in any order among
 * themselves, as long as none that says something else stands between them. So a new one need not come to its place: to put
 * a rule first iptables reads nothing, while for a place by number (and for a rule to delete) the nft flavour of 1.8.9 reads
 * all rules of each chain it is told of.
 */

/** Whether two chains say the same. */
export function isSameChain(a: readonly string[], b: readonly string[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let start = 0; start < a.length; ) {
    if (a[start] === b[start]) {
      start++;
      continue;
    }
    const end = runEnd(a, start);
    if (end === start || runEnd(b, start) !== end) return false;
    // What stands before in both is the same in both.
    const here = new Set(a.slice(start, end));
    if (here.size !== end - start || !b.slice(start, end).every((body) => here.delete(body))) return false;
    start = end;
  }
  return true;
}

/** Where the rules end, from `start` on, that only let a packet return. */
export function runEnd(bodies: readonly string[], start = 0): number {
  let end = start;
  while (end < bodies.length && isReturn(bodies[end]!)) end++;
  return end;
}

export function isReturn(body: string): boolean {
  return body.endsWith('-j RETURN');
}
