import { expect, it } from 'vitest';
import { runInsideVm } from '../support/inside-vm.ts';

/**
 * What needs a kernel that this machine may not have: `test/inside-vm/*.test.ts` run in one virtual machine, before the first
 * test here; each of their cases is one of these.
 */
const { results, times } = await runInsideVm();
console.info(times);
for (const { name, failure } of results) {
  it(name, () => expect(failure).toBe(''));
}
