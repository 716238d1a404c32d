/** How one test ended, and why it was skipped or failed. */
export interface Result {
  status: 'passed' | 'failed' | 'skipped';
  reason: string;
}

/** One line of `results.py`. */
export interface Event {
  id: string;
  status: string;
  reason: string;
}

const statuses: Readonly<Record<string, Result['status']>> = { success: 'passed', skip: 'skipped', xfail: 'skipped' };

/** Names of tests have their UUID and kinds behind them: `…test_x[id-…,smoke]`. */
export const bareName = (id: string): string => id.replace(/\[[^\]]*\]/g, '');

/** A class whose set-up failed or was skipped has one event for all of its tests. */
const holder = /^(setUpClass|tearDownClass|setUpModule|tearDownModule) \((.+)\)$/;

/** The end of each test that was to run; one without an event has failed: its process ended. */
export function resultsOf(ids: readonly string[], events: readonly Event[]): Record<string, Result> {
  const results: Record<string, Result> = {};
  const holders: [name: string, result: Result][] = [];
  for (const event of events) {
    const result: Result = { status: statuses[event.status] ?? 'failed', reason: event.reason };
    const [, , holding] = holder.exec(event.id) ?? [];
    if (holding !== undefined) {
      if (result.status !== 'passed') holders.push([holding, result]);
    } else if (results[bareName(event.id)]?.status !== 'failed') results[bareName(event.id)] = result;
  }
  for (const [name, result] of holders) {
    for (const id of ids)
      if (id.startsWith(`${name}.`) && (result.status === 'failed' || !results[id])) results[id] = result;
  }
  for (const id of ids) results[id] ??= { status: 'failed', reason: 'no result: the process of tempest ended' };
  return results;
}
