import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { memcached, type SecondCache } from '../../src/keystone/second-cache.ts';
import { until } from '../support/wait.ts';

let port: number;
let server: ChildProcess;
let cache: SecondCache | null = null;
const complaints: string[] = [];
const logger = { debug() {}, info() {}, warn: (_: object, text: string) => void complaints.push(text), error() {} };

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port: free } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return free;
}

const start = () => {
  server = spawn('memcached', ['-l', '127.0.0.1', '-p', String(port), '-U', '0', '-u', 'nobody'], { stdio: 'ignore' });
};
const listens = () =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
const stop = async () => {
  if (server.exitCode !== null) return;
  server.kill();
  await once(server, 'close');
};

beforeEach(async () => {
  port = await freePort();
  complaints.length = 0;
  start();
  await until('memcached to listen', listens);
});
afterEach(async () => {
  cache?.close();
  await stop();
});

const open = (protection: Parameters<typeof memcached>[0]['protection'] = null) => {
  cache = memcached({ servers: [`127.0.0.1:${port}`], protection, logger });
  return cache;
};
const kept = async (one: SecondCache, key: string, value: string) => {
  await one.set(key, value, 60);
  return (await one.get(key)) === value;
};

describe('a real memcached', () => {
  it('keeps entries, of which it cannot read those that are hidden', async () => {
    const hidden = open({ strategy: 'encrypt', secret: 's' });
    expect(await kept(hidden, 'k', 'a value')).toBe(true);
    hidden.close();
    expect(await open().get('k')).not.toContain('value');
    cache!.close();
    expect(await open({ strategy: 'encrypt', secret: 'other' }).get('k')).toBeNull();
    cache!.close();
    expect(await open({ strategy: 'mac', secret: 's' }).get('k')).toBeNull();
  });

  it('that is down is not there, without an error and with one line in the log', async () => {
    const one = open();
    expect(await kept(one, 'k', 'v')).toBe(true);
    await stop();
    for (let i = 0; i < 5; i++) expect(await one.get('k')).toBeNull();
    await one.set('k', 'v', 60);
    expect(complaints).toEqual(['memcached does not answer: tokens are asked of Keystone instead']);
  });
});
