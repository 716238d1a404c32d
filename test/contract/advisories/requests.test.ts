import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeRequest } from '../../../src/rpc/envelope.ts';
import { eventually } from '../../support/eventually.ts';
import type { Tenants } from '../../support/tenants.ts';
import { runs } from '../../support/turns.ts';
import { everything } from '../hostile-tenant/stage.ts';
import { attacker, makeCloud } from './cloud.ts';

/** Advisories of the server as such: what requests leave behind. */
let t: Tenants;
beforeAll(async () => {
  t = await makeCloud();
});
afterAll(async () => {
  const { faults } = t;
  await t[Symbol.asyncDispose]();
  expect(faults).toEqual([]);
});

describe('CVE-2021-40797 (OSSA-2021-006): memory for paths that there are not', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const ROUND = runs(400, 1_000);
  /** Until what is made once is made. */
  const WARM = runs(200, 300);
  const PATH_BYTES = 4_000;
  let counter = 0;

  /** So many more requests, none of them ever asked before. */
  async function asked(request: (unique: string) => Promise<{ status: number }>, requests: number): Promise<void> {
    for (let i = 0; i < requests; i++) {
      const unique = `${counter++}-${'x'.repeat(PATH_BYTES)}`;
      expect((await request(unique)).status).toBeLessThan(500);
    }
  }

  const heap = () => {
    collect();
    return process.memoryUsage().heapUsed;
  };

  const kinds: Record<string, (unique: string) => [method: string, path: string]> = {
    'an unknown collection': (unique) => ['GET', unique],
    'something below an unknown collection': (unique) => ['GET', `${unique}/${unique}`],
    'an unknown member': (unique) => ['GET', `networks/${unique}`],
    'an unknown child': (unique) => ['GET', `networks/00000000-0000-0000-0000-000000000000/${unique}`],
    'an unknown tag': (unique) => ['GET', `networks/00000000-0000-0000-0000-000000000000/tags/${unique}`],
    'an unknown filter': (unique) => ['GET', `networks?${unique}=1`],
    'an unknown method': (unique) => ['DELETE', unique],
  };

  it.each(Object.entries(kinds))('%s leaves none', async (_, of) => {
    const ask = (unique: string) => t.ask(attacker, ...of(unique));
    await asked(ask, WARM);
    const before = heap();
    await asked(ask, ROUND);
    // A path kept for each request would be 1.6 MB a round and more. What is done is let go of when the loop has turned, on a busy
    // machine a while later.
    await eventually(() => expect(heap() - before).toBeLessThan((ROUND * PATH_BYTES) / 2), { interval: 200 });
  });
});

describe('CVE-2014-4615 (OSSA-2014-021): tokens in the queue', () => {
  it('are in no message, row or line of the log', async () => {
    const secret = 'token-of-the-attacker';
    const ask = async (method: string, path: string, body?: object) => {
      const answer = await t.ask(attacker, method, path, body, { 'x-auth-token': secret });
      expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300);
      return answer.body;
    };
    const { network } = await ask('POST', 'networks', { network: {} });
    const subnet = { network_id: network.id, ip_version: 4, cidr: '10.0.0.0/24' };
    await ask('POST', 'subnets', { subnet });
    const { port } = await ask('POST', 'ports', { port: { network_id: network.id } });
    await ask('PUT', `ports/${port.id}`, { port: { name: 'x' } });
    await ask('GET', `ports/${port.id}/explain`);
    await ask('DELETE', `ports/${port.id}`);
    await t.plugin.idle();
    expect(t.transport.sent.length).toBeGreaterThanOrEqual(3);
    // The server knows it: that is what makes this a test.
    expect(t.transport.sent.some(({ context }) => context.authToken === secret)).toBe(true);
    for (const { method, args, context } of t.transport.sent) {
      expect(encodeRequest({ method, args, context, uniqueId: 'u' })).not.toContain(secret);
    }
    expect((await everything(t.database)).filter((row) => row.includes(secret))).toEqual([]);
    expect(JSON.stringify(t.faults)).not.toContain(secret);
  });
});
