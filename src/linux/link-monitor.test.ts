import { expect, it, vi } from 'vitest';
import { silentLogger } from '../lib/log.ts';
import type { HelperExec, OpenHandlers } from './exec/client.ts';
import { LinkMonitor } from './link-monitor.ts';

it('nudges one at a time, however slow the host is, until the monitor is heard', async () => {
  const open: PromiseWithResolvers<void>[] = [];
  let handlers: OpenHandlers | undefined;
  const exec = {
    open: (_argv: unknown, given: OpenHandlers) => {
      handlers = given;
      return { close() {} };
    },
    run: () => {
      const running = Promise.withResolvers<void>();
      open.push(running);
      return running.promise;
    },
  } as unknown as HelperExec;
  vi.useFakeTimers();
  try {
    const monitor = new LinkMonitor({ exec, logger: silentLogger, onEvent() {}, onLost() {} });
    const started = monitor.start();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(open).toHaveLength(1);
    open[0]!.resolve();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(open).toHaveLength(2);
    handlers!.onOutput('1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536\n');
    open[1]!.resolve();
    await started;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(open).toHaveLength(2);
    await monitor.close();
  } finally {
    vi.useRealTimers();
  }
});
