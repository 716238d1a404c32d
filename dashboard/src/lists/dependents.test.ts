import { expect, it } from 'vitest';
import { servedDocument } from '../../../test/support/served-document.ts';
import { type ApiDocument, resourcesOf } from '../api/description.ts';
import { waysToDependents } from './dependents.ts';

it('what depends on a thing is found by the filters of other lists', async () => {
  const resources = resourcesOf((await servedDocument()) as ApiDocument);
  const ways = (key: string) =>
    waysToDependents(resources.find((one) => one.key === key)!, resources).map(
      ({ list, filter }) => `${list.key}?${filter}`,
    );
  expect(ways('networks')).toEqual(expect.arrayContaining(['subnets?network_id', 'ports?network_id']));
  expect(ways('networks')).not.toContain('networks?id');
  expect(ways('security_groups')).toEqual(
    expect.arrayContaining(['ports?security_groups', 'security_group_rules?security_group_id']),
  );
  expect(ways('routers')).toEqual(expect.arrayContaining(['ports?device_id', 'floatingips?router_id']));
});
