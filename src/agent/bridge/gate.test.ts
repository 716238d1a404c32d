import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FakeHost } from '../../linux/fake/host.ts';
import { Gate } from './gate.ts';

const saved = (taps: readonly string[]) =>
  ['*filter', ':FORWARD ACCEPT', ':neutrino-closed RETURN', '-A FORWARD -j neutrino-closed']
    .concat(taps.flatMap((tap) => [`-A neutrino-closed -i ${tap} -j DROP`, `-A neutrino-closed -o ${tap} -j DROP`]))
    .join('\n');

/** A kernel with these taps closed. @returns the gate, and what was restored */
function gateOver(taps: readonly string[]): { gate: Gate; restored: () => string[]; commands: () => string[] } {
  const host = new FakeHost();
  host.exec.answer((argv) => (argv[0] === 'ebtables-save' && taps.length > 0 ? { stdout: saved(taps) } : undefined));
  return {
    gate: new Gate(host),
    restored: () => host.exec.ran.flatMap(({ stdin }) => stdin?.split('\n') ?? []),
    commands: () => host.exec.lines(),
  };
}

const always = () => true;
const never = () => false;

it('asks the kernel once and does nothing while nothing changes', async () => {
  const { gate, commands } = gateOver([]);
  await gate.set(new Set(), always, always);
  const asked = commands().length;
  await gate.set(new Set(), always, always);
  expect(commands()).toHaveLength(asked);
  expect(commands().every((line) => line === 'ebtables-save')).toBe(true);
});

it('leaves alone what another agent of the host closed', async () => {
  const { gate, restored } = gateOver(['tapother']);
  await gate.set(new Set(['tapmine']), (tap) => tap === 'tapmine', always);
  expect(restored().filter((line) => line.includes('-i'))).toEqual([
    '-A neutrino-closed -i tapmine -j DROP',
    '-A neutrino-closed -i tapother -j DROP',
  ]);
});

it('opens what is ours and not to be closed, and removes the chain with the last tap', async () => {
  const { gate, restored } = gateOver(['tapmine']);
  await gate.set(new Set(), always, always);
  expect(restored()).toEqual([
    '*filter',
    '-D FORWARD -j neutrino-closed',
    '-F neutrino-closed',
    '-X neutrino-closed',
    'COMMIT',
    '',
  ]);
});

it('keeps closed what the server does not know yet', async () => {
  const { gate, restored } = gateOver(['tapmine']);
  await gate.set(new Set(), never, always);
  expect(restored()).toEqual([]);
});

it('forgets taps that are gone', async () => {
  const { gate, restored } = gateOver(['tapgone']);
  await gate.set(new Set(['tapmine']), never, (tap) => tap === 'tapmine');
  expect(restored().join()).not.toContain('tapgone');
});

it('needs no ebtables where nothing is to be closed', async () => {
  const host = new FakeHost();
  host.exec.answer(() => ({ code: 1, stderr: 'not installed' }));
  const gate = new Gate(host);
  await gate.set(new Set(), always, always);
  const asked = host.exec.ran.length;
  await gate.set(new Set(), always, always);
  expect(host.exec.ran).toHaveLength(asked);
  await expect(gate.set(new Set(['tapmine']), always, always)).rejects.toThrow(/not installed/);
});

it('two instances with lock paths of their own do not open each other’s taps', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gate-test-'));
  const host = new FakeHost();
  // A kernel that keeps what it is given.
  let kernel: string[] = [];
  host.exec.answer((argv, { stdin }) => {
    if (argv[0] === 'ebtables-save') return { stdout: saved(kernel) };
    if (argv[0] === 'ebtables-restore')
      kernel = [...(stdin ?? '').matchAll(/-i (\S+) -j DROP/g)].map(([, tap]) => tap!);
    return undefined;
  });
  const taps = ['tapone', 'taptwo', 'tapthree'];
  const gates = taps.map((tap) => new Gate(host, [join(folder, tap), join(folder, 'shared')]));
  await Promise.all(gates.map((gate, at) => gate.set(new Set([taps[at]!]), (tap) => tap === taps[at], always)));
  expect([...kernel].sort()).toEqual([...taps].sort());
  rmSync(folder, { recursive: true });
});
