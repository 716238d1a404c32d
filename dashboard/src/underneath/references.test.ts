import { expect, it } from 'vitest';
import { isSubject, piecesOf } from './references.ts';

const [a, b] = ['6078a711-1f1a-4211-b065-2795539904e9', 'bf81f1a1-873e-483c-823f-920d9c02aa67'];

it('finds the things that a sentence names, and where they are shown', () => {
  expect(piecesOf(`rule ${a}, of group ${b}, remote group ${b}`)).toEqual([
    { text: `rule ${a}`, to: `#/lists/security_group_rules?id=${a}`, id: a, kind: 'rule' },
    { text: ', of ', to: null, id: null, kind: null },
    { text: `group ${b}`, to: `#/lists/security_groups?id=${b}`, id: b, kind: 'group' },
    { text: ', ', to: null, id: null, kind: null },
    { text: `remote group ${b}`, to: `#/lists/security_groups?id=${b}`, id: b, kind: 'remote group' },
  ]);
  expect(piecesOf(`neutrino explain port ${a}`).at(-1)).toMatchObject({ to: `#/underneath/port/${a}` });
  expect(piecesOf(`floating IP ${a}`)).toMatchObject([{ to: `#/underneath/floatingip/${a}` }]);
});

it('leaves everything else as it is', () => {
  expect(piecesOf('no such device')).toEqual([{ text: 'no such device', to: null, id: null, kind: null }]);
  expect(piecesOf(`port forwarding ${a}`)).toMatchObject([{ to: null }]);
  expect(piecesOf('')).toEqual([]);
  expect(piecesOf(`in qdhcp-${a}`)).toMatchObject([{ to: null }]);
});

it('knows what the page can show', () => {
  expect(['port', 'network', 'subnet', 'toString'].map(isSubject)).toEqual([true, true, false, false]);
});
