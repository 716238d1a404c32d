import type { ExtraDhcpOpt } from '../../resources/shapes.ts';
import { portErrors } from './errors.ts';

/** An option as a client writes it; a null value takes it away. */
export interface OptionRequest {
  opt_name: string;
  opt_value: string | null;
  ip_version?: 4 | 6;
}

/**
 * The options of a port after a request: those it names are set or taken away, the others stay (upstream:
 * db/extradhcpopt_db.py).
 */
export function mergeOptions(current: readonly ExtraDhcpOpt[], requested: readonly OptionRequest[]): ExtraDhcpOpt[] {
  const merged = new Map(current.map((option) => [keyOf(option.opt_name, option.ip_version), option]));
  const named = new Set<string>();
  for (const { opt_name, opt_value, ip_version = 4 } of requested) {
    const key = keyOf(opt_name, ip_version);
    if (named.has(key)) {
      throw portErrors.InvalidInput({ error_message: `extra_dhcp_opts holds '${opt_name}' more than once` });
    }
    named.add(key);
    if (opt_value === null) merged.delete(key);
    else merged.set(key, { opt_name, opt_value, ip_version });
  }
  return [...merged.values()].sort((a, b) =>
    keyOf(a.opt_name, a.ip_version) < keyOf(b.opt_name, b.ip_version) ? -1 : 1,
  );
}

function keyOf(name: string, version: number): string {
  return `${name} ${version}`;
}
