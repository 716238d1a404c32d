import { execFile } from 'node:child_process';
import { appendFile, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { services } from '../../setup/layout.ts';
import { project } from '../support/programs.ts';

const run = promisify(execFile);
const install = (...options: string[]) =>
  run(join(project, 'setup/node'), [join(project, 'setup/install.ts'), ...options]);

/** What `npm run install-service` makes, in a folder that is the root of a host to be. */
let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'neutrino-installation-'));
  await install('--root', root);
});
afterAll(() => rm(root, { recursive: true }));

/** As on that host: commands, programs and units where they will be, seen by nobody else. */
const onHost = (script: string) =>
  run('unshare', [
    '--mount',
    'sh',
    '-euc',
    `mount -t tmpfs none /opt && mkdir /opt/neutrino && mount --bind "$1/opt/neutrino" /opt/neutrino
     mount --bind "$1/usr/local/bin" /usr/local/bin && mount --bind "$1/etc/systemd/system" /etc/systemd/system
     ${script}`,
    'sh',
    root,
  ]);

it('brings programs that run without the packages of development', async () => {
  const { stdout } = await onHost(
    'neutron-server --version; neutron-db-manage --version; neutron --version; neutrino --version',
  );
  expect(stdout.match(/\d+\.\d+\.\d+/g)).toHaveLength(4);
  expect(await readdir(join(root, 'opt/neutrino/node_modules'))).not.toContain('typescript');
});

it.each(services)('systemd has nothing to say against %s', async (name) => {
  const { stdout, stderr } = await onHost(`systemd-analyze verify /etc/systemd/system/${name}.service`);
  expect((stdout + stderr).split('\n').filter((line) => line.includes(name))).toEqual([]);
});

it('the server and the metadata agent are well shut in, and agents keep what they made', async () => {
  const limits = [
    ['neutron-server', 2],
    ['neutron-metadata-agent', 2],
    ['neutron-linuxbridge-agent', 5],
  ] as const;
  for (const [name, most] of limits) {
    const unit = join(root, `etc/systemd/system/${name}.service`);
    const { stdout } = await run('systemd-analyze', ['security', '--offline=true', '--no-pager', unit]);
    expect(Number(/exposure level for \S+: ([\d.]+)/.exec(stdout)![1])).toBeLessThan(most);
  }
  for (const name of services) {
    expect(await readFile(join(root, `etc/systemd/system/${name}.service`), 'utf8')).toMatch(/^KillMode=process$/m);
  }
});

it('keeps passwords to root and the server, and what an operator wrote', async () => {
  const file = join(root, 'etc/neutron/neutron.conf');
  const group = /^neutron:[^:]*:(\d+):/m.exec(await readFile(join(root, 'etc/group'), 'utf8'))![1];
  expect(await stat(file)).toMatchObject({ mode: 0o100640, uid: 0, gid: Number(group) });
  await appendFile(file, '# mine\n');
  await install('--root', root);
  expect(await readFile(file, 'utf8')).toMatch(/# mine\n$/);
});

it('the examples are the samples, with a remark', async () => {
  const samples = join(project, 'test/data/samples/etc-neutron');
  const names = (await readdir(samples, { recursive: true })).filter((name) => /\.(conf|ini)$/.test(name));
  expect(names).toHaveLength(7);
  for (const name of names) {
    const example = await readFile(join(project, 'packaging/etc-neutron', name), 'utf8');
    expect(example.replace(/^(#.*\n)+/, '')).toBe(await readFile(join(samples, name), 'utf8'));
  }
});

it('goes away again, and leaves configuration and data', async () => {
  await install('--root', root, '--uninstall');
  expect(await readdir(join(root, 'usr/local/bin'))).toEqual([]);
  expect(await readdir(join(root, 'etc/systemd/system'))).toEqual([]);
  expect(await readdir(join(root, 'opt'))).toEqual([]);
  expect(await readdir(join(root, 'etc/neutron'))).toContain('neutron.conf');
  expect(await readdir(join(root, 'var/lib'))).toEqual(['neutron']);
});
