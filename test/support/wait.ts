export { patience, until } from '../../src/onehost/emulated/wait.ts';
