import { describe, expect, it } from 'vitest';
import { Changed, concerns, idsFor, patched } from './changed.ts';

const of = (...changes: [resource: string, id: string | null][]) => {
  const changed = new Changed();
  for (const [resource, id] of changes) changed.add({ resource, id });
  return changed.take();
};

describe('what changed', () => {
  it('is gathered by resource and id, and taken once', () => {
    const changed = new Changed();
    changed.add({ resource: 'port', id: 'a' });
    changed.add({ resource: 'port', id: 'b' });
    changed.add({ resource: 'network', id: null });
    changed.add({ resource: 'network', id: 'c' });
    expect(changed.take()).toEqual(
      new Map<string, Set<string> | null>([
        ['port', new Set(['a', 'b'])],
        ['network', null],
      ]),
    );
    expect(changed.take().size).toBe(0);
  });

  it('is all of a kind where it is much', () => {
    const many = Array.from({ length: 60 }, (_, at): [string, string] => ['port', `p${at}`]);
    expect(of(...many)).toEqual(new Map([['port', null]]));
  });

  it('concerns queries of the collection, and all of them where all may have changed', () => {
    expect(concerns(['ports', 'topology'], of(['port', 'a']))).toBe(true);
    expect(concerns(['policies', 'list'], of(['policy', 'a']))).toBe(true);
    expect(concerns(['networks', 'list'], of(['port', 'a']))).toBe(false);
    expect(concerns(['anything'], of(['*', null]))).toBe(true);
  });

  it('is read by its ids, where they are known', () => {
    expect(idsFor('ports', of(['port', 'a'], ['network', null]))).toEqual(new Set(['a']));
    expect(idsFor('networks', of(['port', 'a'], ['network', null]))).toBeNull();
    expect(idsFor('ports', of(['port', 'a'], ['*', null]))).toBeNull();
  });
});

it('a list takes over what came back, and leaves out what did not', () => {
  const list = [
    { id: 'a', status: 'DOWN' },
    { id: 'b', status: 'DOWN' },
    { id: 'c', status: 'DOWN' },
  ];
  const now = patched(list, new Set(['a', 'b', 'd']), [
    { id: 'a', status: 'ACTIVE' },
    { id: 'd', status: 'ACTIVE' },
  ]);
  expect(now.map(({ id, status }) => `${id} ${status}`)).toEqual(['a ACTIVE', 'c DOWN', 'd ACTIVE']);
  expect(now[1]).toBe(list[2]);
});
