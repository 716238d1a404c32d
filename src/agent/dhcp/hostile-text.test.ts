import fc from 'fast-check';
import { expect, test } from 'vitest';
import { defaultValues } from '../../lib/options.ts';
import { renderAddnHostsFile } from './addn-hosts-file.ts';
import { isOptionValue } from './dnsmasq-text.ts';
import { renderHostsFile } from './hosts-file.ts';
import { renderFirstLeases } from './leases-file.ts';
import { dhcpOptions } from './options.ts';
import { renderOptsFile } from './opts-file.ts';
import { ids, networkOf, portOf } from './testing.ts';

/** Whatever users write into names, client ids and options: no line more, no field more. */
const options = defaultValues(dhcpOptions, {});

const nasty = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc
    .array(
      fc.constantFrom(
        '\n',
        '\r',
        ',',
        '"',
        '\\',
        '#',
        ' ',
        '\t',
        '\0',
        '\u2028',
        '\x85',
        'set:x',
        'tag:y',
        'fa:16:3e:00:00:09',
        'ignore',
        'a',
        '1',
        '[',
        ']',
        '.',
        '-',
        '$(x)',
      ),
      { maxLength: 12 },
    )
    .map((parts) => parts.join('')),
);

test('host names', () => {
  fc.assert(
    fc.property(nasty, nasty, (hostname, fqdn) => {
      const port = portOf({ dns_assignment: [{ ip_address: '10.0.0.5', hostname, fqdn }] });
      const network = networkOf({ ports: [port] });
      expect(renderHostsFile(network, options)).toMatch(/^fa:16:3e:00:00:01,[A-Za-z0-9_.-]+,10\.0\.0\.5\n$/);
      expect(renderAddnHostsFile(network, 'x.y')).toMatch(/^10\.0\.0\.5\t[A-Za-z0-9_.-]+ [A-Za-z0-9_.-]+\n$/);
    }),
  );
});

test('client ids', () => {
  fc.assert(
    fc.property(nasty, (opt_value) => {
      const port = portOf({ extra_dhcp_opts: [{ opt_name: 'client-id', opt_value, ip_version: 4 }] });
      const text = renderHostsFile(networkOf({ ports: [port] }), options);
      expect(text).toMatch(/^fa:16:3e:00:00:01,(id:[^,\s"]+,)?host-10-0-0-5\.openstacklocal,10\.0\.0\.5\n$/);
    }),
  );
});

test('options of ports: one line each at most, under the tag of that port', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ opt_name: nasty, opt_value: nasty, ip_version: fc.constantFrom(4 as const, 6 as const) })),
      (extra) => {
        const with_ = renderOptsFile(
          networkOf({ ports: [portOf({ extra_dhcp_opts: extra })] }),
          options,
          new Map(),
        ).text;
        const without = renderOptsFile(networkOf({ ports: [portOf()] }), options, new Map()).text;
        expect(with_.startsWith(without)).toBe(true);
        const added = with_.slice(without.length).split('\n').slice(0, -1);
        expect(added.length).toBeLessThanOrEqual(extra.length);
        for (const line of added) {
          expect(line.startsWith(`tag:port-${ids.port},`)).toBe(true);
          // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
          expect(line).not.toMatch(/[\x00-\x1f\x7f]/);
        }
      },
    ),
  );
});

test('a value that is valid comes through whole', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-zA-Z0-9.:/,_-]{1,100}$/), (opt_value) => {
      const port = portOf({ extra_dhcp_opts: [{ opt_name: 'tftp-server', opt_value, ip_version: 4 }] });
      const { text, refused } = renderOptsFile(networkOf({ ports: [port] }), options, new Map());
      expect(text).toContain(`option:tftp-server,${opt_value}\n`);
      expect(refused).toEqual([]);
    }),
  );
});

test.each([
  ['"a b"', true],
  ['"a\\"b"', true],
  ['C:\\temp', true],
  ['"open', false],
  ['a"b"c"', false],
  ['"a\\\\"', true],
  ['"a\\"', false],
  ['x'.repeat(2000), false],
])('quotes: %j is %s', (text, good) => {
  expect(isOptionValue(text)).toBe(good);
});

test('MACs, ids and addresses that are none leave no trace', () => {
  fc.assert(
    fc.property(nasty, nasty, nasty, (mac_address, id, ip_address) => {
      const ports = [
        portOf({ mac_address: `${mac_address}!` }),
        portOf({ id: `${id}!` }),
        portOf({ fixed_ips: [{ subnet_id: ids.v4, ip_address: `${ip_address}x` }] }),
      ];
      const network = networkOf({ ports });
      expect(renderHostsFile(network, options)).toBe('');
      expect(renderAddnHostsFile(network, '')).toBe('');
      expect(renderFirstLeases(network)).toBe('');
    }),
  );
});

test('a route of a subnet that is no route is left out; too many of them are told', () => {
  const bad = networkOf();
  bad.subnets[0]!.host_routes = [
    { destination: '10.9.0.0/16\nx', nexthop: '10.0.0.1' },
    { destination: '10.8.0.0/16', nexthop: '1,2' },
  ];
  expect(renderOptsFile(bad, options, new Map()).text).not.toMatch(/10\.[89]/);
  const many = networkOf();
  many.subnets[0]!.host_routes = Array.from({ length: 60 }, (_, i) => ({
    destination: `172.16.${i}.0/24`,
    nexthop: '10.0.0.1',
  }));
  const { text, refused } = renderOptsFile(many, options, new Map());
  expect(text).toBe(`tag:subnet-${ids.v4},option:router,10.0.0.1\n`);
  expect(refused.map(({ resource, id, option }) => [resource, id, option])).toEqual([
    ['subnet', ids.v4, 'option:classless-static-route'],
    ['subnet', ids.v4, '249'],
  ]);
});
