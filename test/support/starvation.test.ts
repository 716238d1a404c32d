import { expect, it } from 'vitest';
import { eventually } from './eventually.ts';
import { Starvation } from './starvation.ts';

it('tells how long a program had to wait for a processor', async () => {
  using starvation = await Starvation.watch();
  const before = starvation.allowanceMs;
  process.kill(starvation.pid, 'SIGSTOP');
  await new Promise((resolve) => setTimeout(resolve, 300));
  process.kill(starvation.pid, 'SIGCONT');
  await eventually(() => expect(starvation.allowanceMs).toBeGreaterThan(before + 250));
});
