import { CommandFailed, type Exec } from './contract.ts';
import type { Flavour } from './iptables.ts';
import { checkNetnsName } from './netns.ts';
import { DUMP_INTERRUPTED } from './state.ts';
import { parseSysctls, sysctlName } from './sysctl.ts';

/** What programs print of a network namespace. */
export interface NamespaceLook {
  /** Of `ip -j -d addr show`, and of `ip -j -d route show table all`. */
  readonly links: string;
  readonly routes: string;
  /** Those of the settings asked for that it has, keys with slashes. */
  readonly sysctls: ReadonlyMap<string, string>;
  /** All tables, as `iptables-save` and `ip6tables-save` print them. */
  readonly rules: Readonly<Record<4 | 6, string>>;
}

const TIMEOUT_MS = 120_000;
const ATTEMPTS = 10;
/** Of `sysctl`: some settings are not there. */
const okCodes: Readonly<Record<string, readonly number[]>> = { sysctl: [0, 1, 255] };

/**
 * Looks at all of a namespace by one command.
 *
 * @param flavours what works on this host, as somebody found out
 * @throws CommandFailed
 */
export async function lookInto(
  exec: Exec,
  netns: string,
  flavours: Readonly<Record<4 | 6, Flavour>>,
  keys: readonly string[],
): Promise<NamespaceLook> {
  const argv = ['neutrino-look', flavours[4], flavours[6], ...keys.map(sysctlName)];
  for (let attempt = 1; ; attempt += 1) {
    const { stdout, stderr } = await exec.run(argv, { netns: checkNetnsName(netns), timeoutMs: TIMEOUT_MS });
    // A dump that met a change: the next one is whole.
    if (DUMP_INTERRUPTED.test(stderr) && attempt < ATTEMPTS) continue;
    const said = partsOf(stdout);
    const read = (program: string): string => {
      const { text, code } = said.get(program) ?? { text: '', code: null };
      if (code !== null && (okCodes[program] ?? [0]).includes(code)) return text;
      throw new CommandFailed({ argv: [program], code, stderr, netns });
    };
    const [links = '', routes = ''] = read('ip').split('\n').filter(Boolean);
    const sysctls = parseSysctls(read('sysctl'));
    return { links, routes, sysctls, rules: { 4: read('iptables'), 6: read('ip6tables') } };
  }
}

/** Texts and exit codes by program: `look.sh` says how it parts them. */
function partsOf(stdout: string): Map<string, { text: string; code: number }> {
  const parts = new Map<string, { text: string; code: number }>();
  let rest = stdout;
  for (let match = END.exec(rest); match; match = END.exec(rest)) {
    parts.set(match[1]!, { text: rest.slice(0, match.index), code: Number(match[2]) });
    rest = rest.slice(match.index + match[0].length);
  }
  return parts;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: nothing else that programs print has it
const END = /\x1e(ip|sysctl|iptables|ip6tables) (\d+)\n/;
