import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ClientStand, openClientStand } from './client-stand.ts';
import { runNeutron } from './main.ts';

let api: ClientStand['api'];
let run: ClientStand['run'];
beforeEach(async () => {
  ({ api, run } = await openClientStand());
});
afterEach(() => api.close());

describe('connection', () => {
  test('a token goes along with admin_token, and not with none', async () => {
    await run(runNeutron, ['net-list'], { OS_AUTH_TYPE: 'admin_token', OS_TOKEN: 'secret' });
    expect(api.asked[0]?.headers['x-auth-token']).toBe('secret');
    await run(runNeutron, ['net-list'], { OS_TOKEN: 'secret' });
    expect(api.asked.at(-1)?.headers['x-auth-token']).toBeUndefined();
  });

  test('options win over variables; the version in the address does no harm', async () => {
    const { code } = await run(runNeutron, ['--os-endpoint', `${api.url}/v2.0/`, 'net-list'], {
      OS_ENDPOINT: 'http://127.0.0.1:1',
    });
    expect(code).toBe(0);
  });

  test('options of the connection may stand behind the command', async () => {
    const env = { OS_ENDPOINT: 'http://127.0.0.1:1' };
    expect((await run(runNeutron, ['net-list', '--name', 'lan', '--os-endpoint', api.url], env)).code).toBe(0);
    expect(api.asked[0]?.query).toEqual([['name', 'lan']]);
  });

  test.each([
    [{ OS_AUTH_TYPE: 'admin_token' }, 'needs a token'],
    [{ OS_AUTH_TYPE: 'password' }, 'Keystone'],
    [{ OS_AUTH_TYPE: '', OS_AUTH_URL: 'http://keystone' }, 'set OS_USERNAME'],
    [{ OS_ENDPOINT: 'nonsense' }, 'is no address of the API'],
    [{ OS_ENDPOINT: 'http://127.0.0.1:1' }, 'Unable to establish connection to http://127.0.0.1:1/v2.0/networks'],
  ])('%j: one line and exit code 1', async (env, message) => {
    const { code, out, err } = await run(runNeutron, ['net-list'], env as unknown as Record<string, string>);
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain(message);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
  });

  test('https: the certificate is checked, unless told not to', async () => {
    const tls = (name: string) => fileURLToPath(new URL(`../test/data/tls/${name}`, import.meta.url));
    const answer = (_: unknown, outgoing: ServerResponse) => outgoing.end('{"networks": []}');
    const server = createServer(
      { key: readFileSync(tls('server.key')), cert: readFileSync(tls('server.pem')) },
      answer,
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const env = { OS_ENDPOINT: `https://127.0.0.1:${(server.address() as AddressInfo).port}` };
    const codes: number[] = [];
    for (const options of [[], ['--os-cacert', tls('ca.pem')], ['--insecure']]) {
      codes.push((await run(runNeutron, [...options, 'net-list'], env)).code);
    }
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    expect(codes).toEqual([1, 0, 0]);
  });

  test('--debug shows the talk without the token', async () => {
    const { err } = await run(runNeutron, ['--debug', 'net-list'], { OS_AUTH_TYPE: 'admin_token', OS_TOKEN: 'secret' });
    expect(err).toContain('REQ: GET');
    expect(err).not.toContain('secret');
  });
});
