import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../../test/support/eventually.ts';
import { AgentBench, deviceDetails } from './testing.ts';

const brq = 'brq11111111-11';
const port = 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa';
const tap = 'tapaaaaaaaa-aa';
const details = (changes: Parameters<typeof deviceDetails>[1] = {}) => deviceDetails(port, changes);

let bench: AgentBench;
let host: AgentBench['host'];
let transport: AgentBench['transport'];
let known: AgentBench['known'];
let log: AgentBench['log'];
beforeEach(() => {
  bench = new AgentBench();
  ({ host, transport, known, log } = bench);
});
afterEach(() => bench.close());

describe('drift', () => {
  it('puts back a bridge that was deleted by hand, and says so', async () => {
    host.addTap(tap);
    known.set(tap, details());
    await bench.start();
    log.length = 0;
    host.removeLink(brq);
    await bench.agent.idle();
    expect(host.print()).toBe(`${brq} bridge up mtu 1500\n  ${tap} tun up mtu 1500`);
    expect(log.filter(({ level }) => level === 'warn')).toMatchObject([
      { message: 'The host was not as it should be: mended', fields: { count: 5 } },
    ]);
  });

  it("gives back the host's own addresses that went with the bridge", async () => {
    host.addNic('eth1', { addresses: ['192.168.56.11/24', '2001:db8::11/64'] });
    host.root.giveRoute({ destination: 'default', via: '192.168.56.1', device: 'eth1' });
    host.addTap(tap);
    known.set(tap, details({ network_type: 'flat', physical_network: 'public' }));
    await bench.start({ linuxBridge: { physical_interface_mappings: ['public:eth1'] } });
    const before = host.print();
    expect(before).toContain(`${brq} bridge up mtu 1500 192.168.56.11/24 2001:db8::11/64`);
    host.removeLink(brq);
    await bench.agent.idle();
    expect(host.print()).toBe(before);
  });

  describe('a bridge that was deleted while no agent ran', () => {
    let statePath: string;
    let mapped: Parameters<AgentBench['start']>[0];
    let whole: string;

    beforeEach(async () => {
      statePath = mkdtempSync(join(tmpdir(), 'neutrino-bridge-'));
      mapped = { linuxBridge: { physical_interface_mappings: ['public:eth1'] }, parts: { statePath } };
      host.addNic('eth1', { addresses: ['192.168.56.11/24', '2001:db8::11/64'] });
      host.root.giveRoute({ destination: 'default', via: '192.168.56.1', device: 'eth1' });
      host.addTap(tap);
      known.set(tap, details({ network_type: 'flat', physical_network: 'public' }));
      await bench.start(mapped);
      whole = host.print();
      await bench.close();
      host.removeLink(brq);
    });
    afterEach(() => rmSync(statePath, { recursive: true }));

    it("comes back with the host's addresses", async () => {
      await bench.start(mapped);
      expect(host.print()).toBe(whole);
      expect(log).toContainEqual(expect.objectContaining({ message: expect.stringContaining('was deleted by hand') }));
    });

    it('gives them to the card while the server cannot be asked: the way to it may need them', async () => {
      transport.answer({
        get_devices_details_list: () => {
          throw new Error('no answer');
        },
      });
      await bench.start(mapped);
      expect(host.print()).toContain('eth1 up mtu 1500 192.168.56.11/24 2001:db8::11/64');
      expect(host.print()).toContain('default via 192.168.56.1 dev eth1');
    });

    it('gives them to the card when the network is gone too', async () => {
      host.removeLink(tap);
      await bench.start(mapped);
      expect(host.print()).toContain('eth1 up mtu 1500 192.168.56.11/24 2001:db8::11/64');
    });

    it('gives them back though somebody has made an empty bridge of that name', async () => {
      host.root.give(brq, { kind: 'bridge' });
      await bench.start(mapped);
      expect(host.print()).toContain(`${brq} bridge up mtu 1500 192.168.56.11/24 2001:db8::11/64`);
    });

    it('leaves a card alone that somebody has given another address', async () => {
      host.root.apply({ op: 'add_address', device: 'eth1', cidr: '192.168.57.9/24' });
      await bench.start(mapped);
      expect(host.print()).toContain('192.168.57.9/24');
      expect(host.print()).not.toContain('192.168.56.11/24');
    });

    it('uses no record that is broken or of an earlier boot', async () => {
      const file = join(statePath, 'bridge_addresses.json');
      const record = JSON.parse(readFileSync(file, 'utf8'));
      for (const text of [
        '{',
        JSON.stringify({ ...record, boot: 'another' }),
        JSON.stringify(record).replaceAll('192.168.56.11/24', '1.2.3.4/24 dev eth1\\nlink del eth1'),
      ]) {
        writeFileSync(file, text);
        await bench.start(mapped);
        expect(host.print()).not.toContain('192.168.56.11');
        await bench.close();
        host.removeLink(brq);
      }
    });
  });

  it("puts a guest's tap back into a bridge that it was seen in", async () => {
    host.root.give(brq, { kind: 'bridge' });
    host.addTap(tap, { up: true, master: brq });
    known.set(tap, details({ device_owner: 'compute:nova' }));
    await bench.start();
    host.removeLink(brq);
    await bench.agent.idle();
    expect(host.print()).toBe(`${brq} bridge up mtu 1500\n  ${tap} tun up mtu 1500`);
  });

  it('looks again when the link monitor was away', async () => {
    host.addTap(tap);
    known.set(tap, details());
    await bench.start();
    host.root.apply({ op: 'set_down', name: brq });
    host.loseMonitor();
    await bench.agent.idle();
    expect(host.print()).toContain(`${brq} bridge up`);
  });

  it('mends less and less often what somebody undoes again and again', async () => {
    host.addTap(tap);
    known.set(tap, details());
    await bench.start();
    host.applied.length = 0;
    const started = performance.now();
    const undo = setInterval(() => host.root.apply({ op: 'set_master', name: tap, master: null }), 5);
    await eventually(() => expect(host.applied.length).toBeGreaterThanOrEqual(5));
    clearInterval(undo);
    // Without the growing pauses five times take a quarter of a second.
    expect(performance.now() - started).toBeGreaterThan(500);
  });

  it('finds by its scan what no event told', async () => {
    host.addTap(tap);
    known.set(tap, details());
    await bench.start({ parts: { scanIntervalMs: 30 } });
    host.exec.ran.length = 0;
    host.root.apply({ op: 'set_master', name: tap, master: null });
    await eventually(() => expect(host.print()).toContain(`  ${tap} tun up`));
  });
});

it('moves the addresses a card has now, though nothing told of the newest', async () => {
  host.addNic('eth1', { addresses: ['192.168.56.11/24'] });
  await bench.start({ linuxBridge: { physical_interface_mappings: ['public:eth1'] } });
  host.root.apply({ op: 'delete_address', device: 'eth1', cidr: '192.168.56.11/24' });
  host.root.apply({ op: 'add_address', device: 'eth1', cidr: '192.168.56.12/24' });
  known.set(tap, details({ network_type: 'flat', physical_network: 'public' }));
  host.addTap(tap);
  await bench.agent.idle();
  expect(host.print()).toContain(`${brq} bridge up mtu 1500 192.168.56.12/24`);
});
