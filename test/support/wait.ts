export { until } from '../../src/onehost/emulated/wait.ts';
