import { expect, inject, it } from 'vitest';
import { Both, type Step } from './both.ts';

/** A test of its own names on both servers; everything it makes is removed. */
export function scenario(name: string, run: (both: Both) => Promise<void>): void {
  it(name, async () => {
    await using both = new Both({ real: inject('real'), ours: inject('ours'), extensions: inject('extensions') });
    await run(both);
    expect(both.differences.join('\n')).toBe('');
  });
}

/** A network that is alike on both: what tenants get by default differs until tunnels come. */
export const network = (attributes: Record<string, unknown> = {}, as = 'net'): Step => ({
  as,
  ...post('network', { 'provider:network_type': 'local', ...attributes }),
});

export const subnet = (attributes: Record<string, unknown> = {}, as = 'sub'): Step => ({
  as,
  ...post('subnet', { network_id: '<net>', ip_version: 4, cidr: '10.40.0.0/24', ...attributes }),
});

export const port = (attributes: Record<string, unknown> = {}, as = 'port'): Step => ({
  as,
  ...post('port', { network_id: '<net>', ...attributes }),
});

export const post = (member: string, attributes: unknown): Step => ({
  method: 'POST',
  path: `/v2.0/${member}s`,
  body: { [member]: attributes },
});

export const put = (member: string, id: string, changes: unknown, headers: Record<string, string> = {}): Step => ({
  method: 'PUT',
  path: `/v2.0/${member}s/${id}`,
  body: { [member]: changes },
  headers,
});

export const get = (path: string, headers: Record<string, string> = {}): Step => ({
  method: 'GET',
  path: `/v2.0/${path}`,
  headers,
});

export const remove = (path: string, headers: Record<string, string> = {}): Step => ({
  method: 'DELETE',
  path: `/v2.0/${path}`,
  headers,
});

/** Creates each and removes it again at once where it came into being, so that cases do not meet each other. */
export async function createEach(both: Both, steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    const { real, ours } = await both.step({ ...step, as: 'case' });
    if (real === 201 && ours === 201) await both.step(remove(`${step.path.slice('/v2.0/'.length)}/<case>`));
    else await both.undo();
  }
}

/** Values that are wrong for nearly everything, and the edges of what is right. */
export const oddValues: readonly unknown[] = [
  null,
  true,
  'true',
  'yes',
  0,
  1,
  -1,
  1.0,
  '',
  ' ',
  'x',
  [],
  {},
  ['x'],
  [null],
  { a: 1 },
  'a'.repeat(255),
  'a'.repeat(256),
  'ä\n"\'$(x);',
];
