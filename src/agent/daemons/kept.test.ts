import { expect, test } from 'vitest';
import { describeDaemonStep, type KeptDaemon, type KeptObserved, planKept } from './kept.ts';

const spec = { argv: ['radvd', '-C', '/s/a.conf'], pidFile: '/s/a.pid', mark: '/s/a.conf', netns: 'qrouter-a' };
const kept: KeptDaemon = {
  spec,
  files: [
    { path: '/s/a.conf', text: 'new' },
    { path: '/s/check.sh', text: 'script' },
  ],
  isWanted: true,
  onChange: 'SIGHUP',
};
const running = { pid: 7, argv: ['/usr/sbin/radvd', '-C', '/s/a.conf'], byFile: true, inNamespace: true };
const whole: KeptObserved = { files: ['new', 'script'], running };
const lines = (daemon: KeptDaemon, observed: KeptObserved) => planKept(daemon, observed).map(describeDaemonStep);
const start = 'start radvd -C /s/a.conf';
const stop = 'stop radvd -C /s/a.conf';

test.each<[string, KeptDaemon, KeptObserved, string[]]>([
  ['all as it must be: nothing', kept, whole, []],
  [
    'nothing there',
    kept,
    { files: [null, null], running: null },
    ['write_file /s/a.conf', 'write_file /s/check.sh', start],
  ],
  ['dead', kept, { ...whole, running: null }, [start]],
  [
    'another content',
    kept,
    { files: ['old', 'script'], running },
    ['write_file /s/a.conf', 'reload radvd -C /s/a.conf'],
  ],
  [
    'another content, no reload',
    { ...kept, onChange: 'restart' },
    { files: ['old', 'script'], running },
    ['write_file /s/a.conf', stop, start],
  ],
  ['other arguments', kept, { ...whole, running: { ...running, argv: ['radvd', '-x'] } }, [stop, start]],
  ['in a namespace that is gone', kept, { ...whole, running: { ...running, inNamespace: false } }, [stop, start]],
  ['its pid file lost', kept, { ...whole, running: { ...running, byFile: false } }, ['write_file /s/a.pid']],
  ['not wanted any more', { ...kept, isWanted: false }, whole, [stop, 'remove /s/a.conf', 'remove /s/check.sh']],
  [
    'not wanted any more, and dead',
    { ...kept, isWanted: false },
    { files: ['new', null], running: null },
    ['remove /s/a.pid', 'remove /s/a.conf'],
  ],
  ['not wanted, not there', { ...kept, isWanted: false }, { files: [null, null], running: null }, []],
])('%s', (_, daemon, observed, expected) => {
  expect(lines(daemon, observed)).toEqual(expected);
});
