import { beforeEach, expect, it } from 'vitest';
import { CommandFailed } from '../../linux/contract.ts';
import { FakeHost } from '../../linux/fake/host.ts';
import { removeRouter } from './remove.ts';
import { ids } from './testing.ts';

/** A process may hold a namespace: who takes the name away while devices are in it leaves a router that nobody finds. */
const netns = `qrouter-${ids.router}`;
let host: FakeHost;

beforeEach(async () => {
  host = new FakeHost();
  await host.ensureNetns(netns);
  await host.apply([{ op: 'ensure_veth', name: 'tapbbbbbbbb-00', peer: 'qr-bbbbbbbb-00', peerNetns: netns }]);
});

const cannotLook = (stderr: string) => {
  host.readNetwork = async () => {
    throw new CommandFailed({ argv: ['ip'], code: 1, stderr });
  };
};

it('takes the devices away before the namespace', async () => {
  const steps: string[] = [];
  host.exec.answer((_, { stdin }) => void steps.push(stdin!.trim()));
  await removeRouter(host, ids.router, (point) => void steps.push(point));
  expect(steps).toEqual(['link del dev qr-bbbbbbbb-00', 'after_devices_gone']);
  expect(await host.listNetns()).toEqual([]);
});

it('takes away a name whose mount is gone', async () => {
  cannotLook(`nsenter: reassociate to namespace 'ns/net' failed: Invalid argument\n`);
  await removeRouter(host, ids.router);
  expect(await host.listNetns()).toEqual([]);
});

it.each(['', 'Killed\n'])('leaves one that cannot be looked into just now: %j', async (stderr) => {
  cannotLook(stderr);
  await expect(removeRouter(host, ids.router)).rejects.toThrow();
  expect(await host.listNetns()).toEqual([netns]);
});

it('leaves one whose devices do not go, but not for one that went by itself', async () => {
  let reason = 'RTNETLINK answers: Device or resource busy';
  host.exec.answer((_, { stdin }) =>
    stdin?.startsWith('link del') ? { code: 1, stderr: `${reason}\nCommand failed -:1\n` } : undefined,
  );
  await expect(removeRouter(host, ids.router)).rejects.toThrow('ip link del dev qr-bbbbbbbb-00: RTNETLINK');
  expect(await host.listNetns()).toEqual([netns]);
  reason = 'Cannot find device "qr-bbbbbbbb-00"';
  await removeRouter(host, ids.router);
  expect(await host.listNetns()).toEqual([]);
});
