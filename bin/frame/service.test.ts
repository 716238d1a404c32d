import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { silentLogger } from '../../src/lib/log.ts';
import { eventually } from '../../test/support/eventually.ts';
import { NotifySocket } from '../../test/support/notify-socket.ts';
import { freePort, project } from '../../test/support/programs.ts';
import { openService } from './service.ts';

let socket: NotifySocket;
beforeEach(async () => {
  socket = await NotifySocket.open();
});
afterEach(() => socket[Symbol.asyncDispose]());

const environment = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({ NOTIFY_SOCKET: socket.name, ...more });

it('is ready once, keeps the watchdog quiet at half of its time, and tells a status when it is another', async () => {
  const env = environment({ WATCHDOG_USEC: '200000', WATCHDOG_PID: String(process.pid) });
  const service = openService(silentLogger, env);
  expect(env).toEqual({});
  let status = 'waiting';
  service.describe(() => status);
  service.ready();
  service.ready();
  const beats = () => socket.messages.filter((message) => message.startsWith('WATCHDOG=1'));
  await eventually(() => expect(beats().length).toBeGreaterThan(1));
  status = 'working';
  await eventually(() => expect(beats()).toContain('WATCHDOG=1\nSTATUS=working'));
  service.stopping();
  await service.close();
  const rare = socket.messages.filter((message) => message !== 'WATCHDOG=1');
  expect(rare).toEqual(['STATUS=waiting', 'READY=1', 'WATCHDOG=1\nSTATUS=working', 'STOPPING=1\nSTATUS=stopping']);
});

it('asks for more time while it starts, and says what for', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  try {
    const service = openService(silentLogger, environment());
    service.describe(() => 'opening the database');
    vi.advanceTimersByTime(25_000);
    service.ready();
    vi.advanceTimersByTime(60_000);
    await service.close();
  } finally {
    vi.useRealTimers();
  }
  const more = 'EXTEND_TIMEOUT_USEC=30000000';
  expect(socket.messages).toEqual(['STATUS=opening the database', more, more, 'READY=1']);
});

it('leaves the watchdog to the process it is meant for, and news to the program that `neutrino up` is', async () => {
  const other = openService(silentLogger, environment({ WATCHDOG_USEC: '20000', WATCHDOG_PID: '1' }));
  const part = openService(silentLogger, environment({ NEUTRINO_END_WITH_STDIN: '1' }));
  part.ready();
  other.ready();
  await using clock = await NotifySocket.open();
  const own = openService(silentLogger, { NOTIFY_SOCKET: clock.name, WATCHDOG_USEC: '20000' });
  await eventually(() => expect(clock.messages.length).toBeGreaterThan(2));
  await Promise.all([other.close(), part.close(), own.close()]);
  expect(socket.messages).toEqual(['READY=1']);
});

it('the server is ready when its API listens, the metadata agent when its socket does, without the server', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'service-test-'));
  const config = join(folder, 'neutron.conf');
  const port = await freePort();
  await writeFile(
    config,
    `[DEFAULT]\nstate_path = ${folder}\nauth_strategy = noauth\nbind_host = 127.0.0.1\nbind_port = ${port}\n[database]\nconnection = sqlite:///${folder}/db\n`,
  );
  const start = (name: string, ...args: string[]) =>
    spawn(join(project, 'bin', name), ['--config-file', config, ...args], {
      env: { ...process.env, ...environment() },
      stdio: 'ignore',
    });
  try {
    // Its own service may run it before the server (ExecStartPre): it has no say.
    expect(await once(start('neutron-db-manage', 'upgrade', 'head'), 'exit')).toEqual([0, null]);
    const agent = start('neutron-metadata-agent');
    await eventually(() => expect(socket.messages.some((message) => message.startsWith('READY=1'))).toBe(true));
    const ended = once(agent, 'exit');
    agent.kill();
    expect(await ended).toEqual([0, null]);
    expect(socket.messages.at(-1)).toBe('STOPPING=1\nSTATUS=stopping');
    expect(socket.messages[0]).toMatch(/^STATUS=metadata from this agent; no connection to the message queue/);

    const before = socket.messages.length;
    const server = start('neutron-server');
    await eventually(() => expect(socket.messages.slice(before)).toContain('READY=1'));
    expect(socket.messages.slice(before)).toContain(`STATUS=API at http://127.0.0.1:${port}`);
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
    const gone = once(server, 'exit');
    server.kill();
    expect(await gone).toEqual([0, null]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
