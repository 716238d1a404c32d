import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Lab, openLab } from '../support/hosts.ts';
import { OneHost } from '../support/onehost.ts';
import { project } from '../support/programs.ts';
import { until } from '../support/wait.ts';

/** What the README tells a newcomer to type, typed. */
let lab: Lab;
let one: OneHost;
beforeAll(async () => {
  lab = await openLab();
  one = new OneHost(await lab.addHost({ name: 'newcomer' }));
  await one.start();
});
afterAll(async () => {
  await one?.[Symbol.asyncDispose]();
  await lab?.close();
});

/** Commands of one section, each with what is said of it behind `#`. */
async function commandsOf(heading: string): Promise<{ line: string; note: string }[]> {
  const text = await readFile(join(project, 'README.md'), 'utf8');
  const [, section = ''] = text.split(`\n## ${heading}\n`);
  const lines = section.split('\n## ')[0]!.split('\n');
  return lines
    .filter((line) => line.startsWith('    '))
    .map((line) => {
      const [command = '', note = ''] = line.split(/\s#\s/);
      return { line: command.trim(), note: note.trim() };
    });
}

/** Types them, and looks whether each comes out as it says. */
async function typed(commands: Awaited<ReturnType<typeof commandsOf>>): Promise<void> {
  const env = { OS_AUTH_TYPE: 'none', OS_ENDPOINT: 'http://127.0.0.1:9696', OS_URL: 'http://127.0.0.1:9696' };
  for (const { line, note } of commands) {
    const words = line.split(/\s+/);
    const ours = words[0]?.startsWith('bin/');
    // The newcomer's state folder is the default one.
    const folder = words[0] === 'bin/neutrino' ? ['--state-dir', one.stateDir] : [];
    const argv = [...(ours ? [join(project, words[0]!)] : [words[0]!]), ...words.slice(1), ...folder];
    const run = () => one.host.run(argv, { env, okCodes: Array.from({ length: 256 }, (_, code) => code) });
    const wanted = note.startsWith('refused') ? 1 : 0;
    if (note.startsWith('passes')) await until(line, async () => (await run()).code === 0, { timeoutMs: 20_000 });
    else expect([line, (await run()).code]).toEqual([line, wanted]);
  }
}

it('who reaches whom comes out as it says', async () => {
  const commands = await commandsOf('Who reaches whom');
  const said = until('the printed lines', () => one.up.output.includes('--gateway 172.24.4.1') && one.up.output);
  expect(commands.length).toBeGreaterThan(8);
  for (const printed of commands.filter(({ line }) => /(net|subnet)-create/.test(line)))
    expect(await said).toContain(printed.line.replace('bin/neutron', 'neutron'));
  await typed(commands);
});

it('a router leads out, and a floating IP in, as it says', async () => {
  const commands = await commandsOf('Out by a router');
  expect(commands.filter(({ note }) => note.startsWith('passes'))).toHaveLength(3);
  await typed(commands);
});
