import { expect, test } from 'vitest';
import { questionOf } from './question.ts';

test.each([
  [[['to', '10.0.0.5']], { to: '10.0.0.5', protocol: 'icmp', port: null }],
  [[['to', '2001:DB8:0::5']], { to: '2001:db8::5', protocol: 'icmp', port: null }],
  [
    [
      ['tcp', '22'],
      ['to', '10.0.0.5'],
    ],
    { to: '10.0.0.5', protocol: 'tcp', port: 22 },
  ],
] as const)('%j is understood', (parameters, question) => {
  expect(questionOf(parameters)).toEqual(question);
});

test.each([
  [[], 'say where'],
  [[['to', 'here']], 'say where'],
  [[['to', '10.0.0.5/24']], 'say where'],
  [[['to', '224.0.0.1']], 'to many'],
  [
    [
      ['to', '10.0.0.5'],
      ['tcp', '0'],
    ],
    "'0' is no port",
  ],
  [
    [
      ['to', '10.0.0.5'],
      ['udp', '70000'],
    ],
    'no port of udp',
  ],
  [
    [
      ['to', '10.0.0.5'],
      ['tcp', '1'],
      ['udp', '1'],
    ],
    'not of both',
  ],
  [
    [
      ['to', '10.0.0.5'],
      ['to', '10.0.0.6'],
    ],
    'twice',
  ],
  [
    [
      ['to', '10.0.0.5'],
      ['colour', 'red'],
    ],
    "has no 'colour'",
  ],
] as const)('%j is refused', (parameters, why) => {
  expect(() => questionOf(parameters)).toThrow(
    expect.objectContaining({ type: 'InvalidInput', message: expect.stringContaining(why) }),
  );
});
