import { expect, it, vi } from 'vitest';
import { NotifySocket } from '../../../test/support/notify-socket.ts';
import { silentLogger } from '../../lib/log.ts';
import { Notifier } from './notifier.ts';

it.each([{ abstract: false }, { abstract: true }])(
  'tells a socket (%j), in order, before it closes',
  async (options) => {
    await using socket = await NotifySocket.open(options);
    const notifier = new Notifier(socket.name, silentLogger);
    notifier.tell({ READY: 1, STATUS: 'API at http://[::]:9696; all *is* well' });
    notifier.tell({ WATCHDOG: 1 });
    notifier.tell({ STOPPING: 1 });
    await notifier.close();
    expect(socket.messages).toEqual([
      'READY=1\nSTATUS=API at http://[::]:9696; all *is* well',
      'WATCHDOG=1',
      'STOPPING=1',
    ]);
  },
);

it('lets no value be another assignment, or a command', async () => {
  await using socket = await NotifySocket.open();
  const notifier = new Notifier(socket.name, silentLogger);
  notifier.tell({ STATUS: 'a\nREADY=1\tREADY=1 $(id) `id` "$HOME" /* \\n' });
  await notifier.close();
  expect(socket.messages).toEqual(['STATUS=a READY=1 READY=1 $(id) `id` "$HOME" /* \\n']);
});

it('says once that nobody listens, and closes', async () => {
  const warn = vi.fn();
  const notifier = new Notifier('/nonexistent/socket', { ...silentLogger, warn });
  for (let i = 0; i < 3; i++) notifier.tell({ WATCHDOG: 1 });
  await notifier.close();
  expect(warn).toHaveBeenCalledTimes(1);
  expect(warn.mock.calls[0]![0]).toMatchObject({ error: expect.stringMatching(/No such file/) });
});
