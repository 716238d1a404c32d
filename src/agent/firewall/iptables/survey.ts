import type { CommonRules } from './common-rules.ts';
import type { Saved } from './kernel.ts';
import { chains, commentName, FILTER_TOP, isPortChain, PREFIX } from './names.ts';
import {
  bridgeOwner,
  isBottom,
  isSame,
  isShared,
  type Line,
  sharedChains,
  type Table,
  tables,
  type Unit,
} from './unit.ts';

/** The rules of one family, sorted by whose they are. */
export interface Survey {
  readonly units: ReadonlyMap<string, Unit>;
  /** Lines of the base that are not there. */
  readonly missing: readonly Line[];
  /** Shared chains that are not there, hold lines of nobody or one twice, or have them in an order that opens a port. */
  readonly disorder: readonly Pick<Line, 'table' | 'chain'>[];
  /** Chains of the base that are not as they should be, with what they hold; null: not there. */
  readonly wrong: readonly (Pick<Line, 'table' | 'chain'> & { bodies: readonly string[] | null })[];
  /** Built-in chains from which ours are not entered as they should be, with their rules. */
  readonly entries: readonly (Pick<Line, 'table' | 'chain'> & { bodies: readonly string[] })[];
  /** Chains with our prefix in table filter that no line leads to. */
  readonly strays: readonly string[];
}

/** @param taps that the agent knows: comments of table raw name them without their first characters */
export function survey(saved: Saved, base: CommonRules, taps: Iterable<string>): Survey {
  const ownerOf = owners(saved, taps);
  const baseLines = new Set(base.lines.map(keyOf));
  const found = new Set<string>();
  const lines = new Map<string, Line[]>();
  const disorder: Pick<Line, 'table' | 'chain'>[] = [];
  for (const table of tables) {
    for (const chain of sharedChains(table)) {
      const bodies = saved[table].get(chain);
      let isWrong = bodies === undefined;
      let bottom = false;
      const seen = new Set<string>();
      for (const body of bodies ?? []) {
        const line: Line = { table, chain, body };
        const isBase = baseLines.has(keyOf(line));
        const owner = isBase ? null : ownerOf(line);
        const low = isBottom(line);
        if (seen.has(body) || (!isBase && owner === null) || (bottom && !low)) isWrong = true;
        seen.add(body);
        bottom ||= low;
        if (isBase) found.add(keyOf(line));
        else if (owner !== null) append(lines, owner, line);
      }
      if (isWrong) disorder.push({ table, chain });
    }
  }
  const claimed = new Set<string>();
  const units = new Map<string, Unit>();
  for (const [owner, own] of lines) units.set(owner, { lines: own, chains: ownChains(own, saved.filter, claimed) });
  return {
    units,
    missing: base.lines.filter((line) => !found.has(keyOf(line))),
    disorder,
    wrong: tables.flatMap((table) => wrongChains(table, saved, base)),
    entries: tables.flatMap((table) => wrongEntries(table, saved, base)),
    strays: [...saved.filter.keys()].filter(
      (chain) =>
        chain.startsWith(PREFIX) && !isShared('filter', chain) && !base.chains.filter.has(chain) && !claimed.has(chain),
    ),
  };
}

/** Zones of bridges, as lines of a save have them. */
export function zonesOf(saved: Saved): Map<string, number> {
  const zones = new Map<string, number>();
  for (const body of saved.raw.get(chains.prerouting) ?? []) {
    const found = /^(?:-i|-m physdev --physdev-in) (\S+) .*-j CT --zone (\d+)$/.exec(body);
    // Lines of taps say the same as those of their bridge; upstream takes bridges by the second form.
    if (found && !found[1]!.startsWith('tap')) zones.set(found[1]!, Number(found[2]));
  }
  return zones;
}

function append(lines: Map<string, Line[]>, owner: string, line: Line): void {
  const own = lines.get(owner);
  if (own) own.push(line);
  else lines.set(owner, [line]);
}

function keyOf({ table, chain, body }: Line): string {
  return `${table} ${chain} ${body}`;
}

function owners(saved: Saved, taps: Iterable<string>): (line: Line) => string | null {
  const byName = new Map<string, string>();
  for (const body of saved.raw.get(chains.prerouting) ?? []) {
    const tap = /^-m physdev --physdev-in (tap\S+) /.exec(body)?.[1];
    if (tap) byName.set(commentName(tap), tap);
  }
  for (const tap of taps) byName.set(commentName(tap), tap);
  return ({ table, chain, body }) => {
    if (table === 'filter') return /--physdev-(?:in|out) ([^\s+]+) /.exec(body)?.[1] ?? null;
    if (chain === chains.output) {
      const bridge = /^-o (\S+) -j CT --zone \d+$/.exec(body)?.[1];
      return bridge ? bridgeOwner(bridge) : null;
    }
    const name = /--comment "(?:Set zone for (\S+)|Make (\S+) stateless)" -j CT /.exec(body);
    return name ? (byName.get((name[1] ?? name[2]) as string) ?? null) : null;
  };
}

/** Those that its lines lead to, and those that these lead to. */
function ownChains(
  lines: readonly Line[],
  filter: ReadonlyMap<string, readonly string[]>,
  claimed: Set<string>,
): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  const claim = (body: string) => {
    const name = /-[jg] (\S+)$/.exec(body)?.[1];
    if (name === undefined || !isPortChain(name) || claimed.has(name)) return;
    const bodies = filter.get(name);
    if (bodies === undefined) return;
    claimed.add(name);
    found.set(name, bodies);
    for (const inner of bodies) if (inner.includes(PREFIX)) claim(inner);
  };
  for (const { body } of lines) claim(body);
  return found;
}

function wrongChains(table: Table, saved: Saved, base: CommonRules): Survey['wrong'] {
  return [...base.chains[table]].flatMap(([chain, wanted]) => {
    const bodies = saved[table].get(chain) ?? null;
    const isRight =
      bodies !== null &&
      // Lines of other agents of Neutron may stand there too.
      (chain === FILTER_TOP ? wanted.every((body) => bodies.includes(body)) : isSame(bodies, wanted));
    return isRight ? [] : [{ table, chain, bodies }];
  });
}

/** Ours must be met first; jumps into chains of other agents of Neutron, and into others of ours, may stand among them. */
function wrongEntries(table: Table, saved: Saved, base: CommonRules): Survey['entries'] {
  return [...base.jumps[table]].flatMap(([chain, jumps]) => {
    const bodies = saved[table].get(chain) ?? [];
    const others = bodies.findIndex((body) => !/^-j neutron-\S+$|-j neutrino-\S+$/.test(body));
    const first = others < 0 ? bodies : bodies.slice(0, others);
    const ours = first.filter((body) => jumps.includes(body));
    const rest = bodies.slice(first.length).filter((body) => jumps.includes(body));
    return isSame(ours, jumps) && rest.length === 0 ? [] : [{ table, chain, bodies }];
  });
}

/** What the names of a port's chains end in; null when it has none. */
export function chainKeyOf({ chains: own }: Unit): string | null {
  for (const name of own.keys()) if (name.startsWith(`${PREFIX}i`)) return name.slice(PREFIX.length + 1);
  return null;
}
