/**
 * Emulated hosts for tests. They live in `src/onehost/emulated`, because `npm run tour` shows the walk-through on them too.
 */
export { EmulatedHost } from '../../src/onehost/emulated/host.ts';
export { type Lab, openLab } from '../../src/onehost/emulated/lab.ts';
export { type Finished, HostProcess } from '../../src/onehost/emulated/process.ts';
