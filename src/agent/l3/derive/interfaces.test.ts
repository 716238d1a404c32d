import { expect, test } from 'vitest';
import { Draft } from '../draft.ts';
import { factsOf, ids, portOf, routerOf } from '../testing.ts';
import { interfaces } from './interfaces.ts';

test('a subnet whose prefix is still to be delegated has no address; the others of the port have theirs', () => {
  const router = routerOf({
    _interfaces: [portOf(ids.internal, ['10.0.0.1/24', '::1/64', 'fd00::1/64'], { admin_state_up: true })],
  });
  const draft = new Draft(router);
  interfaces.derive(draft, router, factsOf());
  expect(draft.internal[0]!.addresses).toEqual(['10.0.0.1/24', 'fd00::1/64']);
});
