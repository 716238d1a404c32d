import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FakeExec } from '../../linux/fake/exec.ts';
import { FakeForwarding } from '../../linux/fake/forwarding.ts';
import { applyForwarding, readForwarding } from '../../linux/forwarding.ts';
import { planForwarding } from './plan.ts';
import { Told } from './told.ts';

const NET = 'net-1';
const remote = fc.integer({ min: 1, max: 4 }).map((last) => `192.0.2.${last}`);
const mac = fc
  .integer({ min: 0, max: 4 })
  .map((last) => (last === 0 ? '00:00:00:00:00:00' : `fa:16:3e:00:00:0${last}`));
const ip = fc.integer({ min: 1, max: 6 }).map((last) => (last % 2 ? `10.0.0.${last}` : `fd00::${last}`));
const device = fc.constantFrom('vxlan-1', 'vxlan-2');
const word = fc.record({ what: fc.constantFrom('add', 'remove', 'readdress'), remote, mac, ip });
const row = fc.record({ device, mac, remote, learned: fc.boolean() });
const neighbour = fc.record({ device, mac, ip });
/** A device has one entry for a MAC, but for that of all others; and one neighbour of an address. */
const distinct = (rows: fc.Arbitrary<{ device: string; mac: string; remote: string; learned: boolean }>) =>
  fc.uniqueArray(rows, {
    selector: ({ device: on, mac: of, remote: at }) => (of.startsWith('00') ? `${on} ${of} ${at}` : `${on} ${of}`),
    maxLength: 12,
  });

it('after what is planned nothing is left to do, all that was told is there, and nobody else lost anything', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(word, { maxLength: 20 }),
      distinct(row),
      fc.uniqueArray(neighbour, { selector: ({ device: on, ip: of }) => `${on} ${of}`, maxLength: 8 }),
      fc.boolean(),
      async (words, rows, neighbours, isAll) => {
        const told = new Told('192.0.2.4');
        told.keep(new Set([NET]));
        if (isAll) {
          told.asking();
          told.answered({ [NET]: { segment_id: 1, network_type: 'vxlan', ports: {} } }, []);
        }
        for (const { what, remote: end, mac: of, ip: address } of words) {
          const entries = {
            [NET]: { segment_id: 1, network_type: 'vxlan', ports: { [end]: [[of, address] as const] } },
          };
          if (what === 'add') told.add(entries);
          else if (what === 'remove') told.remove(entries);
          else if (!of.startsWith('00')) told.readdress({ [NET]: { [end]: { after: [[of, address]] } } });
        }
        const exec = new FakeExec();
        const kernel = new FakeForwarding(exec, ['vxlan-1', 'vxlan-2']);
        kernel.fdb = rows.map((one) => ({ ...one }));
        kernel.neighbours = neighbours.map((one) => ({ ...one }));
        const network = told.get(NET)!;
        const plan = async () => {
          const actual = await readForwarding(exec, ['vxlan-1'], { neighbours: true });
          return planForwarding([{ device: 'vxlan-1', told: network }], actual, { answers: true });
        };
        await applyForwarding({ exec, apply: async () => {} }, await plan());
        expect(await plan()).toEqual([]);
        const has = (of: string, end: string) =>
          kernel.fdb.some((one) => one.device === 'vxlan-1' && one.mac === of && one.remote === end && !one.learned);
        for (const end of network.floods) expect(has('00:00:00:00:00:00', end)).toBe(true);
        for (const [of, { remote: end }] of network.ports) expect(has(of, end)).toBe(true);
        // What is of another device stays, and what the kernel learned, unless it is known better.
        for (const one of rows) {
          if (one.device === 'vxlan-1' && !(one.learned && !network.ports.has(one.mac) && !one.mac.startsWith('00')))
            continue;
          expect(kernel.fdb).toContainEqual(one);
        }
        if (!isAll) return;
        const standing = kernel.fdb.filter((one) => one.device === 'vxlan-1' && !one.learned);
        expect(standing).toHaveLength(network.floods.size + network.ports.size);
      },
    ),
  );
});
