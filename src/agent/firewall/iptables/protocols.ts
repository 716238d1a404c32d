import { readFile } from 'node:fs/promises';

/** Protocols as the host's iptables spells them: it prints the names of `/etc/protocols`, numbers for the rest. */
export interface Protocols {
  /** @param number 1 to 255 */
  wordOf(number: number): string;
  /** null for a word that is neither a number nor known */
  numberOf(word: string): number | null;
}

/** iptables knows these whatever the file says (its `xtables_chain_protos`). */
const builtIn: readonly (readonly [string, number])[] = [
  ['tcp', 6],
  ['sctp', 132],
  ['udp', 17],
  ['udplite', 136],
  ['icmp', 1],
  ['ipv6-icmp', 58],
  ['icmpv6', 58],
  ['esp', 50],
  ['ah', 51],
];

/** @param text of `/etc/protocols`; of two names for one number the first counts, as for getprotobynumber(3) */
export function parseProtocols(text: string): Protocols {
  const words = new Map<number, string>();
  const numbers = new Map<string, number>();
  const learn = (name: string, number: number) => {
    if (!words.has(number)) words.set(number, name);
    if (!numbers.has(name)) numbers.set(name, number);
  };
  for (const line of text.split('\n')) {
    const [name, digits, ...aliases] = (line.split('#')[0] as string).trim().split(/\s+/);
    if (!name || !digits || !/^\d{1,3}$/.test(digits) || !/^[\w.+-]+$/.test(name)) continue;
    learn(name, Number(digits));
    for (const alias of aliases) if (!numbers.has(alias)) numbers.set(alias, Number(digits));
  }
  for (const [name, number] of builtIn) learn(name, number);
  return {
    wordOf: (number) => words.get(number) ?? String(number),
    numberOf: (word) => (/^\d{1,3}$/.test(word) ? Number(word) : (numbers.get(word) ?? null)),
  };
}

/** A host without the file has the protocols that iptables knows itself. */
export async function readProtocols(path = '/etc/protocols'): Promise<Protocols> {
  return parseProtocols(await readFile(path, 'utf8').catch(() => ''));
}
