import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { all, createFixture, type Fixture, failure } from '../../src/plugin/fixture.ts';

const MODULE = fileURLToPath(new URL('../../examples/switch-driver/index.js', import.meta.url));

/** The switch: keeps what it is told, over real HTTP. */
let heard: string[];
/** Requests that it refuses, as `METHOD /path-start`. */
let refused: string | null;
let server: Server;
let f: Fixture;

const open = (drivers: string[], url: string | null = null) =>
  createFixture(
    { ml2: { mechanism_drivers: drivers } },
    {
      section: (name): Record<string, string> =>
        name === 'ml2_switch' && url !== ''
          ? { url: url ?? `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
          : {},
    },
  );

beforeEach(async () => {
  heard = [];
  refused = null;
  server = createServer((request, response) => {
    const line = `${request.method} ${request.url!.split('/').slice(0, 2).join('/')}`;
    request.resume().once('end', () => {
      heard.push(line);
      response.writeHead(line === refused ? 500 : 204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  await f?.[Symbol.asyncDispose]();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe('drivers that there are not', () => {
  it.each([
    ['openvswitch', /'openvswitch' is for another kind of host .*; there are linuxbridge/],
    ['frob', /'frob' is not supported; there are linuxbridge, l2population, logger, noop/],
  ])('stop the start with a line that says so: %s', async (name, line) => {
    await expect(createFixture({ ml2: { mechanism_drivers: ['linuxbridge', name] } })).rejects.toThrow(line);
  });
});

describe('a mechanism driver from outside', () => {
  it('is told of everything, while ours still wires the ports', async () => {
    f = await open(['linuxbridge', MODULE]);
    await f.bridgeAgent();
    const network = await f.network();
    const port = await f.port(network.id, { 'binding:host_id': 'host1' });
    expect(port['binding:vif_type']).toBe('bridge');
    await f.plugin.collections.ports.update!(f.context, port.id, { name: 'x' });
    await f.plugin.collections.ports.delete!(f.context, port.id);
    await f.plugin.collections.networks.delete!(f.context, network.id);
    expect(heard).toEqual(['PUT /networks', 'PUT /ports', 'PUT /ports', 'DELETE /ports', 'DELETE /networks']);
  });

  it.each([[['linuxbridge', MODULE]], [[MODULE, 'linuxbridge']]])(
    'that fails after a create has it undone: %j',
    async (drivers) => {
      f = await open(drivers);
      refused = 'PUT /networks';
      expect((await failure(f.network())).type).toBe('MechanismDriverError');
      expect(await all(f.plugin.collections.networks)).toEqual([]);
      refused = 'PUT /ports';
      const network = await f.network();
      expect((await failure(f.port(network.id))).type).toBe('MechanismDriverError');
      expect(await all(f.plugin.collections.ports)).toEqual([]);
    },
  );

  it('that fails after an update or a delete leaves it done', async () => {
    f = await open(['linuxbridge', MODULE]);
    const network = await f.network({ name: 'before' });
    refused = 'PUT /networks';
    const renamed = f.plugin.collections.networks.update!(f.context, network.id, { name: 'after' });
    expect((await failure(renamed)).type).toBe('MechanismDriverError');
    expect(await f.plugin.collections.networks.get(f.context, network.id)).toMatchObject({ name: 'after' });
    refused = 'DELETE /networks';
    await f.plugin.collections.networks.delete!(f.context, network.id);
    expect(await all(f.plugin.collections.networks)).toEqual([]);
  });

  it('without its option stops the start', async () => {
    await expect(open(['linuxbridge', MODULE], '')).rejects.toThrow(
      /\[ml2_switch\] url: must be the URL of the switch/,
    );
  });
});
