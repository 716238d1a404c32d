import { expect, it } from 'vitest';
import { maskArguments } from './title.ts';

it('masks what is secret in a command line, and nothing else', () => {
  const argv = [
    '--os-username',
    'u',
    '--os-password',
    'hush',
    '--os-token=hush',
    '--os-password',
    '--debug',
    'net-list',
  ];
  expect(maskArguments(argv)).toEqual([
    ...['--os-username', 'u', '--os-password', '****', '--os-token=****', '--os-password', '****', 'net-list'],
  ]);
  expect(maskArguments(['--config-file', '/etc/a', '--url', 'rabbit://u:hush@h/'])).toEqual([
    ...['--config-file', '/etc/a', '--url', 'rabbit://u:****@h/'],
  ]);
});
