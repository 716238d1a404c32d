import { beforeEach, expect, it } from 'vitest';
import { silentLogger } from '../../lib/log.ts';
import { bridgeName, tapName } from '../../lib/names.ts';
import { FakeHost } from '../../linux/fake/host.ts';
import { derive } from './derive.ts';
import { TapGate } from './tap-gate.ts';
import { deviceDetails, idOf } from './testing.ts';

const brq = bridgeName(idOf(1));
const [first, second] = [idOf(5), idOf(6)].map(tapName) as [string, string];
const config = { interfaces: new Map(), bridges: new Map(), vxlan: null, filtering: true, lacking: new Map() };

let host: FakeHost;
let gate: TapGate;
/** Whoever reads single links again waits for this. */
let readable: Promise<void>;

beforeEach(() => {
  host = new FakeHost();
  host.root.give(brq, { kind: 'bridge', up: true });
  gate = new TapGate({ linux: host, logger: silentLogger });
  readable = Promise.resolve();
  const readAgain = host.readAgain.bind(host);
  host.readAgain = async (...args) => {
    const read = await readAgain(...args);
    await readable;
    return read;
  };
});

const plug = (name: string) => host.addTap(name, { up: true, master: brq });

const event = async (name: string) => {
  const { ifindex } = (await host.readNetwork()).links.get(name)!;
  gate.changed({ kind: 'changed', name, ifindex });
};

async function shutWhile(makeRules: () => Promise<void> = async () => {}) {
  const before = await host.readNetwork();
  const devices = [idOf(5), idOf(6)].map((id) =>
    deviceDetails(id, { port_security_enabled: true, device_owner: 'compute:nova' }),
  );
  const desired = derive(devices, config, before).state;
  const [{ links }] = await gate.shutWhile(makeRules, { devices, desired }, before);
  return Object.fromEntries([first, second].map((name) => [name, links.get(name)?.up]));
}

it('a look that began before a pass does not take the place of what the pass sees', async () => {
  await shutWhile();
  plug(first);
  const { promise, resolve } = Promise.withResolvers<void>();
  readable = promise;
  await event(first);
  plug(second);
  const pass = shutWhile();
  setImmediate(resolve);
  expect(await pass).toEqual({ [first]: false, [second]: false });
});

it('a look beside a pass does not bring back how the taps were that the pass shut', async () => {
  await shutWhile();
  plug(first);
  plug(second);
  const { promise, resolve } = Promise.withResolvers<void>();
  readable = promise;
  const apply = host.apply.bind(host);
  host.apply = async (...args) => {
    host.apply = apply;
    // Seen while the pass shuts the others.
    plug(first);
    await event(first);
    await apply(...args);
    setImmediate(resolve);
  };
  expect(await shutWhile(() => promise)).toEqual({ [first]: false, [second]: false });
});
