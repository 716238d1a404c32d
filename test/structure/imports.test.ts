import { describe, expect, it } from 'vitest';
import { importsOf, readSources, type SourceFile } from './source-files.ts';

/**
 * Who may import whom. A request falls from top to bottom (api, plugin, db and rpc, agent, linux) and never climbs back:
 * a line that seems to be missing here asks for a value to be passed, not for a reference.
 */
const folders: readonly { folder: string; may: readonly string[]; because: string }[] = [
  { folder: 'src/lib', may: [], because: 'pure helpers that everything stands on' },
  {
    folder: 'src/config',
    may: ['src/lib'],
    because: 'reads files into values; what the options mean is for who declared them',
  },
  { folder: 'src/resources', may: ['src/lib'], because: 'the one definition of each resource, read by all' },
  {
    folder: 'src/db',
    may: ['src/lib', 'src/resources'],
    because: 'rows in, rows out, in the shapes of the API; no knowledge of who asks',
  },
  { folder: 'src/keystone', may: ['src/lib'], because: 'who somebody is, for the server and for the client alike' },
  {
    folder: 'src/nova',
    may: ['src/lib', 'src/keystone'],
    because: 'another service behind Keystone; what it is told of is decided elsewhere',
  },
  { folder: 'src/rpc', may: ['src/lib'], because: 'the wire is the same for server and agents' },
  { folder: 'src/linux', may: ['src/lib'], because: 'applies what it is told to the host' },
  {
    folder: 'src/metrics',
    may: ['src/lib'],
    because: 'figures are read from parts that do not know who asks; bin says from which',
  },
  { folder: 'src/policy', may: ['src/lib', 'src/resources'], because: 'rules are about attributes, not about storage' },
  {
    folder: 'src/plugin',
    may: ['src/lib', 'src/resources', 'src/db', 'src/rpc'],
    because: 'what the verbs mean; it never sees HTTP or a host',
  },
  {
    folder: 'src/api',
    may: ['src/lib', 'src/resources', 'src/policy', 'src/plugin'],
    because: 'bytes to a call, result to bytes',
  },
  {
    folder: 'src/agent',
    may: ['src/lib', 'src/rpc', 'src/linux'],
    because: 'an agent must run beside a server that is not ours',
  },
  {
    folder: 'src/onehost',
    may: ['src/lib', 'src/config', 'src/resources', 'src/rpc', 'src/linux'],
    because: 'starts the programs, is no second implementation of them',
  },
  { folder: 'cli', may: ['src/lib', 'src/resources', 'src/keystone'], because: 'a client knows the API only' },
  { folder: 'dashboard', may: ['src/lib', 'src/resources'], because: 'a client in a browser knows the API only' },
];

/** Packages and built-ins that belong to one place. */
const owned: readonly { name: RegExp; may: readonly string[]; because: string }[] = [
  {
    name: /^(node:)?child_process$/,
    may: ['src/linux/exec', 'src/onehost', 'setup'],
    because:
      'a spawn blocks the loop, and commands need the allow-list; onehost and setup start programs, not commands of a request',
  },
  { name: /^kysely(\/|$)/, may: ['src/db'], because: 'the dialect is hidden behind queries' },
  { name: /^node:sqlite$/, may: ['src/db'], because: 'the dialect is hidden behind queries' },
  { name: /^memjs(\/|$)/, may: ['src/keystone'], because: 'the cache of tokens is nobody else’s' },
  { name: /^fastify(\/|$)/, may: ['src/api'], because: 'only the API speaks HTTP to clients' },
  { name: /^amqplib(\/|$)/, may: ['src/rpc/amqp'], because: 'nothing above the transport knows which one it is' },
  { name: /^prom-client$/, may: ['src/metrics'], because: 'everything else counts in plain numbers' },
  { name: /^pino(\/|$)/, may: ['bin', 'src/api'], because: 'everything else takes the Logger of lib/log.ts' },
  { name: /^commander(\/|$)/, may: ['bin', 'cli', 'src/onehost'], because: 'only command lines parse arguments' },
];

/** Lines that break the table, each with the reason it may. */
const exceptions: readonly { from: string; to: string; because: string }[] = [];

const isTest = (path: string) => /\.test\.ts$|^(test|bench)\//.test(path) || /\/(fake|cases)(\.ts|\/)/.test(path);
const within = (path: string, folder: string) =>
  path === folder || path.startsWith(`${folder}/`) || path === `${folder}.ts`;
const sources = readSources();
const program = sources.filter((file) => !isTest(file.path));

function breaches(files: readonly SourceFile[]): string[] {
  const lines: string[] = [];
  for (const file of files) {
    const rule = folders.find(({ folder }) => within(file.path, folder));
    for (const { target, ours, typeOnly, line } of file.imports) {
      const at = `${file.path}:${line} imports ${target}`;
      if (exceptions.some((allowed) => within(file.path, allowed.from) && within(target, allowed.to))) continue;
      if (ours && rule) {
        const own = within(target, rule.folder) || rule.may.some((folder) => within(target, folder));
        if (!own) lines.push(`${at}: ${rule.folder} may import ${rule.may.join(', ') || 'nothing'}: ${rule.because}`);
      }
      if (ours) continue;
      const owner = owned.find(({ name }) => name.test(target));
      if (
        owner &&
        !(typeOnly && file.path.startsWith('src/linux')) &&
        !owner.may.some((folder) => within(file.path, folder))
      ) {
        lines.push(`${at}: only ${owner.may.join(', ')} may: ${owner.because}`);
      }
    }
  }
  return lines;
}

describe('imports', () => {
  it('follow the table of folders and owners', () => {
    expect(breaches(program)).toEqual([]);
  });

  it('lead only to files of the project that exist', () => {
    const known = new Set(sources.map((file) => file.path));
    const lost = sources.flatMap((file) =>
      file.imports
        .filter((one) => one.ours && /\.tsx?$/.test(one.target) && !known.has(one.target))
        .map((one) => `${file.path}: ${one.target}`),
    );
    expect(lost).toEqual([]);
  });

  it('every folder of src has a line in the table', () => {
    const present = new Set(
      program.filter((file) => file.path.startsWith('src/')).map((file) => file.path.split('/').slice(0, 2).join('/')),
    );
    expect([...present].filter((folder) => !folders.some((rule) => rule.folder === folder))).toEqual([]);
  });
});

describe('the scan itself', () => {
  it.each([
    ["import { a } from './b.ts';", 'src/lib/b.ts', false],
    ["import type { A } from '../db/schema.ts';", 'src/db/schema.ts', true],
    ["export * from './c.ts';", 'src/lib/c.ts', false],
    ["import {\n  a,\n  b,\n} from 'kysely';", 'kysely', false],
    ["import 'node:sqlite';", 'node:sqlite', false],
    ["const x = await import('fastify');", 'fastify', false],
  ])('sees %j', (text, target, typeOnly) => {
    expect(importsOf('src/lib/a.ts', text)).toMatchObject([{ target, typeOnly }]);
  });

  it('finds a breach of either kind', () => {
    const file = (path: string, text: string): SourceFile => ({ path, text, imports: importsOf(path, text) });
    expect(breaches([file('src/lib/x.ts', "import { y } from '../db/y.ts';")])).toHaveLength(1);
    expect(breaches([file('src/agent/x.ts', "import { y } from '../plugin/y.ts';")])).toHaveLength(1);
    expect(breaches([file('src/plugin/x.ts', "import { sql } from 'kysely';")])).toHaveLength(1);
    expect(breaches([file('src/agent/dhcp/x.ts', "import { spawn } from 'node:child_process';")])).toHaveLength(1);
    expect(breaches([file('src/linux/exec/x.ts', "import { spawn } from 'node:child_process';")])).toEqual([]);
    expect(breaches([file('src/api/x.ts', "import { y } from '../lib/y.ts';")])).toEqual([]);
  });
});
