import { expect, test } from 'vitest';
import { until } from '../../../test/support/wait.ts';
import { StateReports } from './ha-states.ts';

test('many changes are one report, with the last state of each', async () => {
  const sent: object[] = [];
  const reports = new StateReports(async (states) => void sent.push(states));
  reports.add('a', 'primary');
  reports.add('b', 'backup');
  reports.add('a', 'backup');
  reports.add('c', 'primary');
  reports.forget('c');
  await until('the report', () => sent.length > 0);
  expect(sent).toEqual([{ a: 'standby', b: 'standby' }]);
  await reports.close();
});

test('a report that failed is sent again, without overtaking what came since', async () => {
  const sent: Record<string, string>[] = [];
  const reports = new StateReports(async (states) => {
    sent.push(states);
    if (sent.length > 1) return;
    reports.add('b', 'primary');
    throw new Error('no answer');
  });
  reports.add('a', 'primary');
  reports.add('b', 'backup');
  await until('the second report', () => sent.length === 2);
  expect(sent[1]).toEqual({ a: 'active', b: 'active' });
  await reports.close();
});
