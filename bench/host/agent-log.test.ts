import { expect, it } from 'vitest';
import { renderText } from '../../bin/frame/log.ts';
import { readLog, writes } from './agent-log.ts';

const at = (ms: number) => new Date(2026, 0, 1, 12, 0, 0, ms);
const line = (ms: number, message: string, fields: object = {}) =>
  renderText({ level: 'debug', message, fields, program: 'agent', at: at(ms) });

it('an agent’s log tells when it began and ended, and what it ran', () => {
  const log = [
    line(0, 'calls', { method: 'report_state', topic: 'q' }),
    line(5, 'was answered', { method: 'report_state', ms: 5 }),
    line(9, 'was answered', { method: 'get_devices_details_list', ms: 5 }),
    line(20, 'ran', { argv: ['ip', '-j', 'addr'], ms: 3.5, code: 0 }),
    line(30, 'ran', { argv: ['iptables-restore', '-w'], stdin: '*filter\n-A "x"\nCOMMIT\n', ms: 8, code: 0 }),
    line(40, 'Told the server the state of devices', { up: ['tap12345678-90', 'tapabcdefab-cd'], down: [] }),
    line(50, 'calls', { method: 'report_state', topic: 'q' }),
  ].join('\n');
  const work = readLog(log);
  expect(work.firstAnswerMs).toBe(at(5).getTime());
  expect(work.lastReportMs).toBe(at(40).getTime());
  expect([...work.reported]).toEqual(['tap12345678-90', 'tapabcdefab-cd']);
  expect(work.calls.map(({ method }) => method)).toEqual(['report_state', 'report_state']);
  expect(work.commands).toEqual([
    { argv: ['ip', '-j', 'addr'], stdin: '', atMs: at(20).getTime(), ms: 3.5 },
    { argv: ['iptables-restore', '-w'], stdin: '*filter\n-A "x"\nCOMMIT\n', atMs: at(30).getTime(), ms: 8 },
  ]);
  expect(readLog(log, at(25).getTime()).commands).toHaveLength(1);
});

it.each([
  [['ip', '-j', '-d', 'addr', 'show'], false],
  [['ip', '-n', 'x', '-j', 'link'], false],
  [['iptables-nft-save', '-t', 'filter'], false],
  [['ipset', 'save'], false],
  [['ip', '-batch', '-'], true],
  [['ipset', 'restore'], true],
  [['ip6tables-restore', '--noflush'], true],
  [['conntrack', '-D', '-w', '4097'], true],
])('%j writes: %s', (argv, expected) => {
  expect(writes({ argv })).toBe(expected);
});
