import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakePlugin } from '../../src/api/fake-plugin.ts';
import { apiOptions } from '../../src/api/options.ts';
import { type Api, createApi } from '../../src/api/server.ts';
import { defaultValues } from '../../src/lib/options.ts';

/** The files of the dashboard as a browser gets them: over a socket, from a folder like that of a build. */
const page =
  '<!doctype html><meta name="csp-nonce" content="{{nonce}}"><script type="module" src="./assets/a-1.js"></script>';
const script = `console.log(${JSON.stringify('x'.repeat(5_000))})`;
let folder: string;
let api: Api;
let url: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neutrino-dashboard-'));
  await mkdir(join(folder, 'dist', 'assets'), { recursive: true });
  await writeFile(join(folder, 'secret.txt'), 'secret');
  await writeFile(join(folder, 'dist', 'index.html'), page);
  await writeFile(join(folder, 'dist', 'icon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  await writeFile(join(folder, 'dist', 'assets', 'a-1.js'), script);
  await symlink('../../secret.txt', join(folder, 'dist', 'assets', 'link.txt'));
  api = createApi({
    plugin: new FakePlugin(),
    options: defaultValues(apiOptions, { bind_host: '127.0.0.1', bind_port: 0 }),
    dashboard: { folder: join(folder, 'dist'), version: '1.2.3', signIn: 'none' },
  });
  url = await api.listen();
});
afterEach(async () => {
  await api.close();
  await rm(folder, { recursive: true, force: true });
});

const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  fetch(url + path, { method, headers, redirect: 'manual' });

/** A request as it is typed: nothing makes its path a tidy one. */
function typed(target: string, headers: Record<string, string> = {}): Promise<string> {
  const lines = Object.entries({ Host: 'localhost', Connection: 'close', ...headers }).map(
    ([k, v]) => `${k}: ${v}\r\n`,
  );
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
    socket.write(`GET ${target} HTTP/1.1\r\n${lines.join('')}\r\n`);
  });
}

describe('the first page', () => {
  it('runs nothing but our files, and has a nonce of its own for styles each time', async () => {
    const answers = [await get('/dashboard/'), await get('/dashboard/')];
    const nonces = await Promise.all(
      answers.map(async (answer) => {
        expect(answer.status).toBe(200);
        expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
        expect(answer.headers.get('cache-control')).toBe('no-store');
        expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
        expect(answer.headers.get('x-frame-options')).toBe('DENY');
        const policy = answer.headers.get('content-security-policy')!;
        expect(policy).toContain("default-src 'none'; script-src 'self';");
        expect(policy).toContain("frame-ancestors 'none'");
        expect(policy).toContain("base-uri 'none'; form-action 'none'");
        expect(policy).not.toContain('unsafe');
        const nonce = /style-src 'self' 'nonce-([\w-]{22})'/.exec(policy)![1]!;
        expect(await answer.text()).toBe(page.replace('{{nonce}}', nonce));
        return nonce;
      }),
    );
    expect(nonces[0]).not.toBe(nonces[1]);
  });

  it('is where browsers are led from / and /dashboard; other clients of / get the versions', async () => {
    const browser = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };
    const led = await get('/', browser);
    expect([led.status, led.headers.get('location'), led.headers.get('vary')]).toEqual([302, 'dashboard/', 'Accept']);
    const slash = await get('/dashboard?x=1');
    expect([slash.status, slash.headers.get('location')]).toEqual([308, 'dashboard/']);
    for (const accept of ['*/*', 'application/json', 'application/json, text/plain;q=0.5']) {
      const versions = await get('/', { accept });
      expect(versions.status).toBe(200);
      expect(await versions.json()).toHaveProperty('versions');
    }
    expect((await get('/', { ...browser, 'x-auth-token': 't' })).status).toBe(200);
  });

  it('says how it is built where it is not, and is there as soon as it is', async () => {
    await rm(join(folder, 'dist'), { recursive: true });
    const missing = await get('/dashboard/');
    expect(missing.status).toBe(503);
    expect(missing.headers.get('content-security-policy')).toContain("script-src 'self'");
    expect(await missing.text()).toContain('npm run build');
    expect((await get('/dashboard/assets/a-1.js')).status).toBe(404);
    await mkdir(join(folder, 'dist'));
    await writeFile(join(folder, 'dist', 'index.html'), 'new {{nonce}}');
    await writeFile(join(folder, 'dist', 'other.txt'), 'other');
    expect(await (await get('/dashboard/')).text()).toMatch(/^new [\w-]{22}$/);
    expect(await (await get('/dashboard/other.txt')).text()).toBe('other');
  });
});

describe('files', () => {
  it('with the hash of their content in their name are kept for ever, others asked about', async () => {
    const lasting = await get('/dashboard/assets/a-1.js');
    expect(await lasting.text()).toBe(script);
    expect(lasting.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(lasting.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    const icon = await get('/dashboard/icon.svg');
    expect(icon.headers.get('cache-control')).toBe('no-cache');
    const etag = icon.headers.get('etag')!;
    const again = await get('/dashboard/icon.svg', { 'if-none-match': `"other", ${etag}` });
    expect([again.status, await again.text()]).toEqual([304, '']);
  });

  it('are packed as the browser takes them', async () => {
    const raw = async (accepted: string) => {
      const text = await typed('/dashboard/assets/a-1.js', { 'Accept-Encoding': accepted });
      const mark = text.indexOf('\r\n\r\n');
      const encoding = /content-encoding: (\w+)/i.exec(text.slice(0, mark))?.[1] ?? null;
      return { encoding, bytes: Buffer.from(text.slice(mark + 4), 'latin1') };
    };
    const br = await raw('gzip, deflate, br');
    expect([br.encoding, brotliDecompressSync(br.bytes).toString()]).toEqual(['br', script]);
    const gzip = await raw('gzip, br;q=0');
    expect([gzip.encoding, gunzipSync(gzip.bytes).toString()]).toEqual(['gzip', script]);
    const plain = await raw('identity');
    expect([plain.encoding, plain.bytes.toString()]).toEqual([null, script]);
  });

  it('are read, not written', async () => {
    const head = await get('/dashboard/icon.svg', {}, 'HEAD');
    expect([head.status, await head.text()]).toEqual([200, '']);
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
      expect((await get('/dashboard/icon.svg', {}, method)).status).toBe(405);
    }
  });
});

describe('a hostile request', () => {
  it.each([
    '/dashboard/../secret.txt',
    '/dashboard/assets/../../secret.txt',
    '/dashboard/..%2fsecret.txt',
    '/dashboard/%2e%2e/secret.txt',
    '/dashboard/%2e%2e%2fsecret.txt',
    '/dashboard/..\\secret.txt',
    '/dashboard/assets/..%5c..%5csecret.txt',
    '/dashboard/assets/link.txt',
    '/dashboard//secret.txt',
    '/dashboard/%00secret.txt',
    '/dashboard/index.html%00.txt',
    '/dashboard/....//secret.txt',
    '/dashboard/file:///etc/passwd',
    '/dashboard//etc/passwd',
    '/dashboard/assets',
    '/dashboard/__proto__',
    '/dashboard/constructor',
    '/dashboard/%zz',
    '/dashboard/%ff%fe',
  ])('gets no file that is not of the build: %s', async (target) => {
    const text = await typed(target);
    expect(text).toMatch(/^HTTP\/1.1 (400|404) /);
    expect(text).not.toMatch(/\r\n\r\nsecret|root:/);
  });

  it('with a name without end gets none either', async () => {
    for (const name of ['a/'.repeat(5_000), `${'%41'.repeat(10_000)}.js`]) {
      expect((await typed(`/dashboard/${name}`)).slice(0, 13)).toBe('HTTP/1.1 404 ');
    }
  });

  it('of another page or to another name is refused', async () => {
    const status = async (headers: Record<string, string>, target = '/dashboard/') =>
      Number((await typed(target, headers)).split(' ')[1]);
    expect(await status({})).toBe(200);
    expect(await status({ Host: 'evil.example' })).toBe(403);
    expect(await status({ Host: 'evil.example' }, '/dashboard/assets/a-1.js')).toBe(403);
    expect(await status({ Host: 'evil.example' }, '/dashboard/config.json')).toBe(403);
    expect(await status({ Origin: 'http://evil.example' }, '/dashboard/events')).toBe(403);
    expect(await status({ Host: 'evil.example', Origin: 'http://evil.example' }, '/dashboard/events')).toBe(403);
  });
});

it('says how one signs in, and that there is no way to Keystone without it', async () => {
  expect(await (await get('/dashboard/config.json')).json()).toEqual({ sign_in: 'none', version: '1.2.3' });
  expect((await get('/dashboard/auth/tokens', {}, 'POST')).status).toBe(405);
  expect((await get('/dashboard/auth/projects')).status).toBe(404);
});
