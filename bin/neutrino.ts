import { runNeutrino } from './frame/neutrino.ts';

await runNeutrino(process.argv.slice(2));
