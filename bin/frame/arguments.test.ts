import { expect, test } from 'vitest';
import { describeOptions, parseArguments, splitArguments, UsageError } from './arguments.ts';

test('keeps files and folders in the order of the command line', () => {
  const { sources } = parseArguments(['--config-file', 'a', '--config-dir=d', '--config-file=b']);
  expect(sources).toEqual([
    { kind: 'file', path: 'a' },
    { kind: 'dir', path: 'd' },
    { kind: 'file', path: 'b' },
  ]);
});

test('turns options of the command line into values that win over files', () => {
  const { overrides } = parseArguments(['--debug', '--log-file', '/l', '--log-dir', '/d']);
  expect(overrides).toEqual([
    { section: 'DEFAULT', name: 'debug', value: 'True' },
    { section: 'DEFAULT', name: 'log_file', value: '/l' },
    { section: 'DEFAULT', name: 'log_dir', value: '/d' },
  ]);
});

test("knows a program's own flags, values and words", () => {
  const extras = [
    { name: 'dry-run', help: '' },
    { name: 'port', help: '', value: 'N' },
  ];
  const args = parseArguments(['upgrade', '--dry-run', '--port', '5', 'head'], extras);
  expect([args.flags.has('dry-run'), args.values, args.words]).toEqual([true, { port: '5' }, ['upgrade', 'head']]);
  expect(describeOptions(extras)).toContain('--port N');
});

test.each([
  [['--strange'], "Unknown option '--strange'; --help tells what there is"],
  [['--config-file'], "Option '--config-file <value>' argument missing; --help tells what there is"],
])('refuses %j in one line', (argv, message) => {
  expect(() => parseArguments(argv)).toThrow(new UsageError(message));
});

test('divides options of the frame from those of a command', () => {
  expect(
    splitArguments(['--config-file', 'a', 'upgrade', '--sql', '--config-dir=d', 'head', '-d', '--log-file']),
  ).toEqual({
    common: ['--config-file', 'a', '--config-dir=d', '-d', '--log-file'],
    rest: ['upgrade', '--sql', 'head'],
  });
});
