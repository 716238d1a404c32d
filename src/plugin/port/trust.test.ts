import { expect, it } from 'vitest';
import { createFixture, type Fixture, type Port } from '../fixture.ts';

const fixture = () =>
  createFixture({ ml2: { extension_drivers: ['port_security', 'port_trusted', 'uplink_status_propagation'] } });
const update = (f: Fixture, id: string, changes: Record<string, unknown>): Promise<Port> =>
  f.plugin.collections.ports.update!(f.context, id, changes);
const get = (f: Fixture, id: string) => f.plugin.collections.ports.get(f.context, id);

it('a trusted port is bound with any profile that Nova writes', async () => {
  await using f = await fixture();
  await f.bridgeAgent();
  const port = await f.port((await f.network()).id, { trusted: true });
  const bound = await update(f, port.id, { 'binding:host_id': 'host1', 'binding:profile': { slot: 2 } });
  expect(bound).toMatchObject({ 'binding:vif_type': 'bridge', 'binding:profile': { slot: 2, trusted: true } });
  expect(await get(f, port.id)).toMatchObject({
    'binding:vif_type': 'bridge',
    'binding:profile': { slot: 2, trusted: true },
  });
});

it('another word on trust is no reason to wire a port anew, nor to give up', async () => {
  await using f = await fixture();
  const network = await f.network();
  const port = await f.port(network.id, { trusted: true, 'binding:host_id': 'host1' });
  expect(port['binding:vif_type']).toBe('binding_failed');
  await f.bridgeAgent();
  const bound = await update(f, port.id, { trusted: false });
  expect(bound).toMatchObject({ 'binding:vif_type': 'bridge', 'binding:profile': { trusted: false } });
  const again = await update(f, port.id, { trusted: true });
  expect(again).toMatchObject({ 'binding:vif_type': 'bridge', 'binding:profile': { trusted: true } });
  // A client that sends back what it was shown changes nothing.
  const same = await update(f, port.id, { 'binding:profile': again['binding:profile'] });
  expect(same['binding:vif_type']).toBe('bridge');
  expect(f.complaints.filter(({ message }) => message.includes('given up'))).toEqual([]);
});

it('bridge agents are told whether a port follows its uplink', async () => {
  await using f = await fixture();
  await f.bridgeAgent();
  const network = await f.network();
  const details = async (propagate_uplink_status: boolean) => {
    const port = await f.port(network.id, { 'binding:host_id': 'host1', propagate_uplink_status });
    return (await f.ask('get_device_details', { device: port.id, host: 'host1' })).propagate_uplink_status;
  };
  expect([await details(true), await details(false)]).toEqual([true, false]);
});

it('without the extension no port follows its uplink', async () => {
  await using f = await createFixture();
  await f.bridgeAgent();
  const port = await f.port((await f.network()).id, { 'binding:host_id': 'host1' });
  const details = await f.ask('get_device_details', { device: port.id, host: 'host1' });
  expect(details.propagate_uplink_status).toBe(false);
});
