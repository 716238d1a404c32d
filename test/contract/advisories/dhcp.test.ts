import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderHostsFile } from '../../../src/agent/dhcp/hosts-file.ts';
import { dhcpOptions } from '../../../src/agent/dhcp/options.ts';
import { renderOptsFile } from '../../../src/agent/dhcp/opts-file.ts';
import { defaultValues } from '../../../src/lib/options.ts';
import type { NetworkInfo } from '../../../src/rpc/contract.ts';
import type { Tenants } from '../../support/tenants.ts';
import { attacker, makeCloud } from './cloud.ts';

/** Advisories of DHCP, from the request to the files that dnsmasq reads. */
let t: Tenants;
let network: string;
beforeAll(async () => {
  t = await makeCloud();
  network = (await t.create(attacker, 'networks', {})).id;
});
afterAll(async () => {
  const { faults } = t;
  await t[Symbol.asyncDispose]();
  expect(faults).toEqual([]);
});

const options = defaultValues(dhcpOptions, {});
/** What an agent writes for dnsmasq after it asked the server. */
async function files(): Promise<{ opts: string[]; hosts: string[] }> {
  const info: NetworkInfo = await t.askAsAgent('get_network_info', { network_id: network, host: 'h' });
  const lines = (text: string) => text.split('\n').filter((line) => line !== '');
  return { opts: lines(renderOptsFile(info, options, new Map()).text), hosts: lines(renderHostsFile(info, options)) };
}

describe('CVE-2014-7821 (OSSA-2014-039): name servers that are none', () => {
  const body = (dns_nameservers: unknown, i = 0) => ({
    subnet: { network_id: network, ip_version: 4, cidr: `10.${i}.0.0/24`, dns_nameservers },
  });

  it.each([
    [['not an address']],
    [['8.8.8.8\naddress=/#/10.0.0.66']],
    [['8.8.8.8,9.9.9.9']],
    [['8.8.8.8 ']],
    [['8.8.8']],
    [['10.0.0.0/24']],
    [['']],
    [[null]],
    [[{}]],
    [[['8.8.8.8']]],
    ['8.8.8.8'],
    [{ a: '8.8.8.8' }],
    [['8.8.8.8', '8.8.8.8']],
    [Array.from({ length: 6 }, (_, i) => `8.8.8.${i}`)],
    // What made a pattern with nested repetitions take for ever.
    [[`${'a-'.repeat(20_000)}!`]],
    [[`${'1.'.repeat(20_000)}1`]],
    [[`${'1111111111.'.repeat(5_000)}`]],
    [[`${':'.repeat(50_000)}1`]],
  ])('%# are refused at once', async (servers) => {
    const started = process.cpuUsage();
    const made = await t.ask(attacker, 'POST', 'subnets', body(servers));
    expect(made.status, JSON.stringify(made.body)).toBe(400);
    // Of the processor's time: the server is in this process, and the machine may do much else.
    expect(process.cpuUsage(started).user / 1000).toBeLessThan(2_000);
  });

  it('are refused in changes, and what was there stays', async () => {
    const { subnet } = (await t.ask(attacker, 'POST', 'subnets', body(['192.0.2.53'], 7))).body;
    for (const dns_nameservers of [['x'], ['1.1.1.1\n'], 'x', [`${'a-'.repeat(20_000)}!`]]) {
      const { status } = await t.ask(attacker, 'PUT', `subnets/${subnet.id}`, { subnet: { dns_nameservers } });
      expect(status).toBe(400);
    }
    expect((await files()).opts).toContain(`tag:subnet-${subnet.id},option:dns-server,192.0.2.53`);
    expect((await t.ask(attacker, 'DELETE', `subnets/${subnet.id}`)).status).toBe(204);
  });
});

describe('CVE-2021-40085 (OSSA-2021-005): lines of one’s own in dnsmasq’s files', () => {
  let before: Awaited<ReturnType<typeof files>>;
  beforeAll(async () => {
    await t.create(attacker, 'subnets', { network_id: network, ip_version: 4, cidr: '10.20.0.0/24' });
    before = await files();
  });

  const breaks = ['\n', '\r', '\r\n', '\0', '\u0085', '\u2028', '\u2029', '\u000b', '\u000c'];

  it.each(breaks.map((text) => JSON.stringify(text)))('a break by %s is refused, or breaks nothing', async (text) => {
    const evil = `bootfile${JSON.parse(text)}tag:x,option:router,10.20.0.66`;
    for (const option of [
      { opt_name: 'bootfile-name', opt_value: evil },
      { opt_name: evil, opt_value: 'x' },
      { opt_name: 'client-id', opt_value: evil },
      { opt_name: '255', opt_value: evil },
    ]) {
      const input = { network_id: network, extra_dhcp_opts: [option] };
      const made = await t.ask(attacker, 'POST', 'ports', { port: input });
      if (JSON.parse(text) < ' ') expect(made.status).toBe(400);
      if (made.status !== 201) continue;
      await expectOwnLinesOnly(made.body.port.id);
      expect((await t.ask(attacker, 'DELETE', `ports/${made.body.port.id}`)).status).toBe(204);
    }
    expect(await files()).toEqual(before);
  });

  it.each([
    ['another tag', 'tag:port-00000000-0000-0000-0000-000000000000,6', '10.20.0.66'],
    ['an option of everybody', 'option:router', '10.20.0.66'],
    ['another field', 'bootfile-name', 'a,tag:x,b'],
    ['a quote that does not end', 'bootfile-name', '"a'],
    ['a comment', 'bootfile-name', '#a'],
    ['what dnsmasq before 2.81 has no room for', 'bootfile-name', 'x'.repeat(255)],
    ['an option name of blanks', ' ', 'x'],
  ])('%s is refused, or is of this port alone', async (_, opt_name, opt_value) => {
    const { status, body } = await t.ask(attacker, 'POST', 'ports', {
      port: { network_id: network, extra_dhcp_opts: [{ opt_name, opt_value }] },
    });
    expect([201, 400]).toContain(status);
    if (status === 201) {
      await expectOwnLinesOnly(body.port.id);
      await t.ask(attacker, 'DELETE', `ports/${body.port.id}`);
    }
    expect(await files()).toEqual(before);
  });

  it('comes by no change either', async () => {
    const { id } = await t.create(attacker, 'ports', { network_id: network });
    const extra_dhcp_opts = [{ opt_name: 'bootfile-name', opt_value: 'a\nport=0' }];
    expect((await t.ask(attacker, 'PUT', `ports/${id}`, { port: { extra_dhcp_opts } })).status).toBe(400);
    await expectOwnLinesOnly(id);
    await t.ask(attacker, 'DELETE', `ports/${id}`);
  });

  /** Beside what was there before: options under the port's tag, and its one line of addresses. */
  async function expectOwnLinesOnly(port: string): Promise<void> {
    const { opts, hosts } = await files();
    const more = opts.filter((line) => !before.opts.includes(line));
    expect(opts.filter((line) => before.opts.includes(line))).toEqual(before.opts);
    expect(more.length).toBeLessThanOrEqual(1);
    for (const line of more) expect(line.startsWith(`tag:port-${port},`)).toBe(true);
    expect(hosts.filter((line) => !before.hosts.includes(line))).toHaveLength(1);
  }
});
