import { describe } from 'vitest';
import type { Step } from './both.ts';
import { nobody } from './routed.ts';
import { createEach, get, oddValues, remove, scenario } from './scenario.ts';

const label = (attributes: Record<string, unknown> = {}, as = 'label'): Step => ({
  as,
  method: 'POST',
  path: '/v2.0/metering/metering-labels',
  body: { metering_label: { name: 'l', project_id: '<project>', ...attributes } },
});

const rule = (attributes: Record<string, unknown> = {}, as = 'rule'): Step => ({
  as,
  method: 'POST',
  path: '/v2.0/metering/metering-label-rules',
  body: { metering_label_rule: { metering_label_id: '<label>', remote_ip_prefix: '10.40.0.0/24', ...attributes } },
});

const none = { remote_ip_prefix: undefined };

describe('metering labels', () => {
  for (const attribute of ['name', 'description', 'shared', 'id', 'nonsense']) {
    scenario(`with odd values of ${attribute}`, (both) =>
      createEach(
        both,
        oddValues.map((value) => label({ [attribute]: value })),
      ),
    );
  }

  scenario('that are there, and are not', (both) =>
    both.steps([
      label({ description: 'one' }, 'a'),
      label({ name: 'b', shared: true }, 'b'),
      get('metering/metering-labels/<a>'),
      { method: 'PUT', path: '/v2.0/metering/metering-labels/<a>', body: { metering_label: { name: 'x' } } },
      ...[
        '',
        '&fields=description',
        '&fields=name&fields=id',
        '&name=b',
        '&shared=true',
        '&description=one',
        '&sort_key=name&sort_dir=desc',
        '&sort_key=shared&sort_dir=asc',
        '&nonsense=1',
        '&limit=1&sort_key=name&sort_dir=asc',
      ].map((query) => get(`metering/metering-labels?project_id=<project>${query}`)),
      get('metering/metering-labels/<a>?fields=description'),
      get(`metering/metering-labels/${nobody}`),
      remove(`metering/metering-labels/${nobody}`),
      remove('metering/metering-labels/<a>'),
      remove('metering/metering-labels/<a>'),
    ]),
  );
});

describe('metering rules', () => {
  for (const attribute of [
    'metering_label_id',
    'direction',
    'excluded',
    'remote_ip_prefix',
    'source_ip_prefix',
    'destination_ip_prefix',
    'nonsense',
  ]) {
    scenario(`with odd values of ${attribute}`, async (both) => {
      await both.step(label());
      const without = attribute.endsWith('_ip_prefix') ? none : {};
      await createEach(both, [
        ...oddValues.map((value) => rule({ ...without, [attribute]: value })),
        ...oddValues.map((value) => rule({ [attribute]: value })),
      ]);
    });
  }

  scenario('with values of their own', async (both) => {
    await both.steps([label()]);
    await createEach(both, [
      rule(none),
      rule({ direction: 'egress' }),
      rule({ direction: 'ingress', excluded: true }),
      rule({ remote_ip_prefix: '10.40.0.5/24' }),
      rule({ remote_ip_prefix: '10.40.0.5' }),
      rule({ remote_ip_prefix: '0.0.0.0/0' }),
      rule({ remote_ip_prefix: '2001:db8::/64' }),
      rule({ ...none, source_ip_prefix: '10.40.0.0/24' }),
      rule({ ...none, destination_ip_prefix: '10.40.0.0/24' }),
      rule({ ...none, source_ip_prefix: '10.40.0.0/24', destination_ip_prefix: '10.41.0.0/24' }),
      rule({ source_ip_prefix: '10.40.0.0/24' }),
      rule({ metering_label_id: nobody }),
    ]);
  });

  scenario('beside others', (both) =>
    both.steps([
      label(),
      rule(),
      rule({}, 'again'),
      rule({ direction: 'egress' }, 'second'),
      rule({ remote_ip_prefix: '10.40.0.0/25' }, 'again'),
      rule({ remote_ip_prefix: '10.40.0.0/16' }, 'again'),
      rule({ ...none, source_ip_prefix: '10.40.0.0/24' }, 'again'),
      ...[
        '',
        '&fields=direction',
        '&direction=egress',
        '&excluded=false',
        '&sort_key=direction&sort_dir=asc',
        '&nonsense=1',
      ].map((query) => get(`metering/metering-label-rules?metering_label_id=<label>${query}`)),
      get('metering/metering-label-rules/<rule>'),
      get(`metering/metering-label-rules/${nobody}`),
      remove(`metering/metering-label-rules/${nobody}`),
      remove('metering/metering-label-rules/<rule>'),
      remove('metering/metering-labels/<label>'),
      get('metering/metering-label-rules/<second>'),
    ]),
  );
});
