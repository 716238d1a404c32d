import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { byTurns } from '../support/turns.ts';

/** What operators get wrong, and the one line they are told: where it stands, what is wrong, what to do. */
const bin = fileURLToPath(new URL('../../bin', import.meta.url));
let folder = '';
let busy: Server;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mistakes-test-'));
  writeFileSync(
    join(folder, 'base.conf'),
    `[DEFAULT]
state_path = ${folder}
transport_url = local://${folder}/bus.sock
bind_host = 127.0.0.1
bind_port = 1
auth_strategy = noauth
core_plugin = ml2
[database]
connection = sqlite:///${folder}/n.sqlite
`,
  );
  mkdirSync(join(folder, 'empty.d'));
  const made = await run('neutron-db-manage', ['--config-file', join(folder, 'base.conf'), 'upgrade', 'head']);
  expect(made.code, made.stderr).toBe(0);
  busy = createServer().listen(0, '127.0.0.1');
});
afterAll(() => {
  busy?.close();
  rmSync(folder, { recursive: true });
});

function run(program: string, argv: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    // Ends what hangs, before the test is.
    const options = { timeout: 150_000, killSignal: 'SIGKILL' as const, cwd: folder };
    const child = execFile(join(bin, program), argv, options, (_, stdout, stderr) =>
      resolve({ code: child.exitCode, stdout, stderr }),
    );
  });
}

/** The last line, after checking that it is the only one beside the log's. */
async function complaint(argv: string[], code = 1): Promise<string> {
  const ended = await run('neutron-server', argv);
  const lines = ended.stderr.trimEnd().split('\n');
  expect({ code: ended.code, stdout: ended.stdout }, ended.stderr).toEqual({ code, stdout: '' });
  expect(lines.filter((line) => !/^\d{4}-\d\d-\d\d .* INFO neutron-server /.test(line))).toHaveLength(1);
  return lines.at(-1)!;
}

const wrongValues: readonly [name: string, line: string, expected: RegExp][] = [
  ['no number', 'bind_port = abc', /bind_port = abc: is not a whole number; /],
  ['out of range', 'bind_port = 99999', /bind_port = 99999: must be between 0 and 65535; /],
  ['no choice', 'auth_strategy = foo', /auth_strategy = foo: must be one of keystone, noauth; /],
  ['no truth value', 'allow_bulk = maybe', /allow_bulk = maybe: is neither true nor false; write True or False; /],
  ['unknown plugin', 'core_plugin = frob', /core_plugin = frob: is not available; write ml2; /],
  ['a state folder nobody can make', 'state_path = /proc/x', /state_path = \/proc\/x: the folder cannot be made: /],
  ['a socket nobody can make', 'transport_url = local:///proc/x/b', /transport_url = local:.*: the folder \/proc\/x /],
  ['unknown name', 'state_path = $nosuch/x', /state_path = \$nosuch\/x: \$nosuch names no option; write \$\$ /],
  ['open to everybody', 'bind_host = 0.0.0.0', /bind_host = 0\.0\.0\.0: .*; give bind_host = 127\.0\.0\.1, or /],
];
const writings = [
  ['', '\n'],
  ['\uFEFF', '\r\n'],
] as const;

// A start for each is half a second of a processor.
test.concurrent.each(wrongValues.map((one, i) => [...one, i] as const))('%s', async (name, line, expected, i) => {
  const file = join(folder, `${name}.conf`);
  for (const [bom, end] of byTurns(writings, 1, i)) {
    writeFileSync(file, `${bom}[DEFAULT]${end}${line}${end}`);
    const said = await complaint(['--config-file', 'base.conf', '--config-file', file]);
    expect(said.startsWith(`neutron-server: ${file}:2: [DEFAULT] `), said).toBe(true);
    expect(said).toMatch(expected);
  }
});

test.concurrent.each<[string, string, RegExp]>([
  ['type_drivers', 'flat,frob', /: 'frob' is not supported; there are local, flat, vlan/],
  ['mechanism_drivers', 'frob', /: 'frob' is not supported; there are linuxbridge/],
  ['extension_drivers', 'frob', /: 'frob' is not supported; there are port_security/],
  ['tenant_network_types', 'frob', /: no driver for 'frob' among type_drivers/],
])('a driver that is not there: %s', async (option, value, expected) => {
  const file = join(folder, `driver-${option}.conf`);
  // A socket of its own: several servers start at once.
  const socket = `transport_url = local://${folder}/${option}.sock`;
  writeFileSync(file, `[ml2]\n${option} = ${value}\n[DEFAULT]\n${socket}\n`);
  const said = await complaint(['--config-file', 'base.conf', '--config-file', file]);
  expect(said.startsWith(`neutron-server: ${file}:2: [ml2] ${option} = ${value}: `), said).toBe(true);
  expect(said).toMatch(expected);
});

test.concurrent.each<[string, string, string, RegExp]>([
  ['ml2_type_vlan', 'network_vlan_ranges', 'a:1', /'a:1' is no range; give physical_network:first:last or /],
  ['ml2_type_vlan', 'network_vlan_ranges', 'a:1:5000', /no VLAN id from 1 to 4094 at '5000'/],
  ['ml2_type_vxlan', 'vni_ranges', '9:1', /'9:1' ends before it begins; give first:last/],
  ['ml2_type_gre', 'tunnel_id_ranges', '0:5', /no GRE key from 1 to 4294967295 at '0'/],
  ['ml2_type_geneve', 'vni_ranges', '1:x', /no VNI from 1 to 16777215 at 'x'/],
])('a range that is none: [%s] %s = %s', async (section, option, value, expected) => {
  const file = join(folder, `range-${value.replaceAll(':', '-')}.conf`);
  writeFileSync(file, `[${section}]\n${option} = ${value}\n`);
  const said = await complaint(['--config-file', 'base.conf', '--config-file', file]);
  expect(said.startsWith(`neutron-server: ${file}:2: [${section}] ${option} = ${value}: `), said).toBe(true);
  expect(said).toMatch(expected);
});

test.concurrent('a port that is in use', async () => {
  const { port } = busy.address() as { port: number };
  writeFileSync(
    join(folder, 'busy.conf'),
    `[DEFAULT]\nbind_port = ${port}\ntransport_url = local://${folder}/busy.sock\n`,
  );
  expect(await complaint(['--config-file', 'base.conf', '--config-file', 'busy.conf'])).toBe(
    `neutron-server: 127.0.0.1:${port} is in use by another program; stop it (ss -ltnp shows which) or give another bind_port`,
  );
});

test.concurrent.each<[string, string[], number, RegExp]>([
  ['a file that is not there', ['--config-file', 'none.conf'], 1, /--config-file none\.conf: no such file; /],
  ['a folder for a file', ['--config-file', 'empty.d'], 1, /empty\.d: is a directory; /],
  ['a file for a folder', ['--config-dir', 'base.conf'], 1, /--config-dir base\.conf: is not a directory; /],
  ['an empty folder', ['--config-dir', 'empty.d'], 1, /auth_url = : is needed with auth_strategy = keystone; /],
  ['bytes of another encoding', ['--config-file', 'latin.conf'], 1, /latin\.conf:3: holds bytes that are no UTF-8; /],
  ['an unknown option', ['--frob'], 2, /Unknown option '--frob'; --help tells /],
  ['an option without its value', ['--config-file'], 2, /--config-file <value>' argument missing; --help tells /],
  ['words', ['start', '--debug'], 2, /unrecognized arguments: start; --help tells /],
])('%s', async (_, argv, code, expected) => {
  writeFileSync(join(folder, 'latin.conf'), Buffer.from('# caf\xe9\n[DEFAULT]\ndns_domain = caf\xe9.\n', 'latin1'));
  expect(await complaint(argv, code)).toMatch(expected);
});
