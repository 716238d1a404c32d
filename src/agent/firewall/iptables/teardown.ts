import type { CommonRules } from './common-rules.ts';
import type { Saved } from './kernel.ts';
import { chains, FILTER_TOP, PREFIX } from './names.ts';
import { tables } from './unit.ts';

/**
 * The text that takes all of ours out of a family's tables, and leaves what others have there. Empty when nothing is
 * there. `neutron-filter-top` goes too where no other agent of Neutron has a line in it.
 */
export function renderTeardown(saved: Saved, base: CommonRules): string {
  return tables
    .map((table) => {
      const own = [...saved[table].keys()].filter((name) => name.startsWith(PREFIX));
      if (own.length === 0) return '';
      const top = table === 'filter' ? saved.filter.get(FILTER_TOP) : undefined;
      const isTopOurs = top?.every((body) => body === `-j ${chains.local}`) ?? false;
      const gone = isTopOurs ? [...own, FILTER_TOP] : own;
      const lines = [`*${table}`];
      for (const [chain, jumps] of base.jumps[table]) {
        for (const body of saved[table].get(chain) ?? []) {
          if (jumps.includes(body) && gone.some((name) => body === `-j ${name}`)) lines.push(`-D ${chain} ${body}`);
        }
      }
      if (top && !isTopOurs)
        for (const body of top) if (body === `-j ${chains.local}`) lines.push(`-D ${FILTER_TOP} ${body}`);
      for (const name of gone) lines.push(`-F ${name}`);
      for (const name of gone) lines.push(`-X ${name}`);
      return `${[...lines, 'COMMIT'].join('\n')}\n`;
    })
    .join('');
}
