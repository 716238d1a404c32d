/** One rule of a chain, without `-A CHAIN`. */
export interface Rule {
  /** As it is written, or as the kernel's tool prints it. */
  readonly text: string;
  /** The same for the same meaning: tools print their own order, names and spellings. */
  readonly key: string;
}

export interface SavedChain {
  /** `DROP`, `RETURN` … of ebtables' chains; `-` of those of ip6tables, which have none. */
  readonly policy: string;
  readonly rules: readonly Rule[];
}

/** Chains of one table. */
export type SavedTable = ReadonlyMap<string, SavedChain>;

/** The key is made when it is asked for: chains that are new, or read and left alone, need none, and there are thousands. */
export function rule(text: string): Rule {
  let key: string | null = null;
  return {
    text,
    get key() {
      key ??= keyOf(text);
      return key;
    },
  };
}

/** @param saved what `ebtables-save` or `ip6tables-save` printed, of one table or the part of it */
export function parseTable(saved: string): SavedTable {
  const chains = new Map<string, { policy: string; rules: Rule[] }>();
  for (const line of saved.split('\n')) {
    const chain = /^:(\S+) (\S+)/.exec(line);
    if (chain) chains.set(chain[1]!, { policy: chain[2]!, rules: [] });
    const added = /^-A (\S+) +(.*)$/.exec(line);
    if (added) chains.get(added[1]!)?.rules.push(rule(added[2]!.trim()));
  }
  return chains;
}

/**
 * Names that ebtables prints, by /etc/ethertypes of the host. One that is missing here costs only that a chain is written
 * anew when an agent starts.
 */
const etherTypes: Readonly<Record<string, string>> = {
  ipv4: '0x800',
  arp: '0x806',
  rarp: '0x8035',
  '802_1q': '0x8100',
  ipv6: '0x86dd',
  mpls: '0x8847',
  mpls_multi: '0x8848',
  ppp_disc: '0x8863',
  ppp_ses: '0x8864',
  's-tag': '0x88a8',
  lldp: '0x88cc',
  ptp: '0x88f7',
};

function keyOf(text: string): string {
  const words = text.includes('"') ? (text.match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? []) : text.split(/ +/);
  const options: string[][] = [];
  let negated = false;
  for (const word of words) {
    if (word[0] === '-' && word.length > 1) {
      options.push([negated ? `! ${word}` : word]);
      negated = false;
    } else if (word === '!' && options.at(-1)?.length !== 1) negated = true;
    else options.at(-1)?.push(word[0] === '"' ? word.slice(1, -1) : word);
  }
  return options.map(spelled).filter(Boolean).sort().join(' ');
}

function spelled([option = '', ...values]: readonly string[]): string {
  if (option === '-j' && values[0] === 'CONTINUE') return '';
  if (option === '--among-src') return [option, ...values.map(sortedMacs)].join(' ');
  if (option !== '-p') return [option, ...values].join(' ');
  return [option, ...values.map((value) => etherTypes[value.toLowerCase()] ?? lowerHex(value))].join(' ');
}

/** ebtables prints `fa:16:3e:0:0:1`, and its old form a comma behind the last. */
function sortedMacs(list: string): string {
  const macs = list.split(',').filter(Boolean);
  const padded = macs.map((mac) => mac.split(':').map((octet) => octet.padStart(2, '0').toLowerCase()));
  return padded
    .map((octets) => octets.join(':'))
    .sort()
    .join(',');
}

function lowerHex(value: string): string {
  return /^0x[0-9a-f]+$/i.test(value) ? `0x${Number(value).toString(16)}` : value;
}
