import fc from 'fast-check';
import { describe } from 'vitest';
import type { Step } from './both.ts';
import { anyStep, world } from './generator.ts';
import { remove, scenario } from './scenario.ts';

/**
 * Requests made up from the tables of all resources, good and bad, each sent to both. The seed is fixed, so that a run says the
 * same as the one before; `NEUTRINO_SEED` and `NEUTRINO_REQUESTS` ask for others and for more.
 */
const seed = Number(process.env.NEUTRINO_SEED ?? 20_261_126);
const requests = Number(process.env.NEUTRINO_REQUESTS ?? 500);
const PER_SCENARIO = 25;

const steps = fc.sample(anyStep, { seed, numRuns: requests });
console.log(`${requests} generated requests, seed ${seed}`);

describe(`generated with seed ${seed}`, () => {
  for (let from = 0; from < steps.length; from += PER_SCENARIO) {
    const part: Step[] = steps.slice(from, from + PER_SCENARIO);
    scenario(`requests ${from + 1} to ${from + part.length}`, async (both) => {
      await both.steps(world);
      for (const step of part) {
        const { real, ours } = await both.step(step);
        if (step.method !== 'POST') continue;
        if (real === 201 && ours === 201) await both.step(remove(`${step.path.slice('/v2.0/'.length)}/<case>`));
        else await both.undo();
      }
      await both.quietly({ method: 'DELETE', path: '/v2.0/quotas/<project>' });
    });
  }
});
