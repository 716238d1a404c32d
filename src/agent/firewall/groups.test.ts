import { beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../lib/log.ts';
import type { WireRule } from '../../rpc/contract.ts';
import { FakeTransport } from '../../rpc/fake.ts';
import { GroupKnowledge } from './groups.ts';

/** A server: ports with their groups, groups with their rules, and members. */
let ports: Record<string, string[]>;
let rules: Record<string, WireRule[]>;
let members: Record<string, string[]>;
let transport: FakeTransport;
let groups: GroupKnowledge;

const all = (ethertype: 'IPv4' | 'IPv6', remote_group_id?: string): WireRule => ({
  direction: 'ingress',
  ethertype,
  ...(remote_group_id && { remote_group_id }),
});

beforeEach(() => {
  ports = {};
  rules = {};
  members = {};
  transport = new FakeTransport({ security_group_info_for_devices: infoFor });
  groups = new GroupKnowledge(transport, silentLogger);
});

function infoFor({ devices }: { devices: string[] }) {
  const known = devices.filter((device) => device in ports);
  const of = [...new Set(known.flatMap((device) => ports[device]!))];
  const sg_member_ips: Record<string, Record<string, [string, null][]>> = {};
  for (const { remote_group_id: remote, ethertype } of of.flatMap((group) => rules[group] ?? [])) {
    if (!remote) continue;
    const isSix = (address: string) => address.includes(':');
    const addresses = (members[remote] ?? []).filter((address) => isSix(address) === (ethertype === 'IPv6'));
    sg_member_ips[remote] = { ...sg_member_ips[remote], [ethertype]: addresses.map((address) => [address, null]) };
  }
  return {
    devices: Object.fromEntries(
      known.map((device) => [
        device,
        { device, fixed_ips: ['10.0.0.1'], security_groups: ports[device], security_group_rules: [] },
      ]),
    ),
    security_groups: Object.fromEntries(of.map((group) => [group, rules[group] ?? []])),
    sg_member_ips,
  };
}

const asked = () => transport.argsOf('security_group_info_for_devices').map(({ devices }) => devices as string[]);

async function learn(...taps: string[]): Promise<boolean> {
  groups.askFor(taps);
  return await groups.ask();
}

describe('asking', () => {
  it('asks for what is due, once', async () => {
    ports = { tap1: ['a'], tap2: ['a', 'b'] };
    expect(await learn('tap1', 'tap2')).toBe(true);
    expect(await groups.ask()).toBe(true);
    expect(asked()).toEqual([['tap1', 'tap2']]);
    expect(groups.port('tap2')).toEqual({ groups: ['a', 'b'], fixedIps: ['10.0.0.1'], providerRules: [] });
  });

  it('what the server did not answer stays due', async () => {
    ports = { tap1: ['a'] };
    transport.answer({
      security_group_info_for_devices: () => {
        throw new Error('away');
      },
    });
    expect(await learn('tap1')).toBe(false);
    transport.answer({ security_group_info_for_devices: infoFor });
    expect(await groups.ask()).toBe(true);
    expect(groups.port('tap1')?.groups).toEqual(['a']);
  });

  /** The server's first answer is older than what it says meanwhile. */
  function sayMeanwhile(change: () => void): void {
    transport.answer({
      security_group_info_for_devices: (args: { devices: string[] }) => {
        const answer = structuredClone(infoFor(args));
        transport.answer({ security_group_info_for_devices: infoFor });
        change();
        return answer;
      },
    });
  }

  it('rules of a group that is first told of, and changed meanwhile, are asked for again', async () => {
    ports = { tap1: ['a'] };
    rules = { a: [all('IPv4'), all('IPv6')] };
    sayMeanwhile(() => {
      rules = { a: [all('IPv4')] };
      expect(groups.rulesUpdated(['a'])).toBe(true);
    });
    expect(await learn('tap1')).toBe(true);
    expect(await groups.ask()).toBe(true);
    expect(groups.rules.get('a')).toEqual([all('IPv4')]);
    expect(asked()).toEqual([['tap1'], ['tap1']]);
  });

  it('members of a group that is first referred to, and changed meanwhile, are asked for again', async () => {
    ports = { tap1: ['a'] };
    rules = { a: [all('IPv4', 'far')] };
    members = { far: ['10.0.0.8', '10.0.0.9'] };
    sayMeanwhile(() => {
      members = { far: ['10.0.0.8'] };
      expect(groups.membersUpdated(['far'])).toBe(true);
    });
    expect(await learn('tap1')).toBe(true);
    expect(await groups.ask()).toBe(true);
    expect(groups.members.get('far')?.IPv4).toEqual([['10.0.0.8', null]]);
  });

  it('what was said meanwhile is not lost where a later piece fails', async () => {
    const taps = Array.from({ length: 501 }, (_, index) => `tap${index}`);
    ports = Object.fromEntries(taps.map((tap) => [tap, [tap === 'tap0' ? 'a' : 'b']]));
    rules = { a: [all('IPv4'), all('IPv6')] };
    sayMeanwhile(() => {
      rules = { a: [all('IPv4')] };
      groups.rulesUpdated(['a']);
      transport.answer({
        security_group_info_for_devices: () => {
          throw new Error('away');
        },
      });
    });
    expect(await learn(...taps)).toBe(false);
    transport.answer({ security_group_info_for_devices: infoFor });
    groups.forget('tap500');
    expect(await groups.ask()).toBe(true);
    expect(groups.rules.get('a')).toEqual([all('IPv4')]);
  });

  it('many ports are asked for in pieces', async () => {
    const taps = Array.from({ length: 1200 }, (_, index) => `tap${index}`);
    ports = Object.fromEntries(taps.map((tap) => [tap, ['a']]));
    await learn(...taps);
    expect(asked().map((piece) => piece.length)).toEqual([500, 500, 200]);
  });
});

describe('news of groups', () => {
  beforeEach(async () => {
    ports = { tap1: ['a'], tap2: ['a', 'b'], tap3: ['c'] };
    rules = { a: [all('IPv4', 'far')], b: [all('IPv4')], c: [all('IPv6', 'far')] };
    members = { far: ['10.0.0.7', 'fd00::7'] };
    await learn('tap1', 'tap2', 'tap3');
  });

  it('changed rules concern who has a port with the group, and are asked for by one port', async () => {
    expect(groups.rulesUpdated(['far', 'elsewhere'])).toBe(false);
    expect(groups.rulesUpdated(['a', 'b'])).toBe(true);
    await groups.ask();
    expect(asked().slice(1).flat().sort()).toEqual(['tap1', 'tap2']);
    expect(groups.rulesUpdated(['b'])).toBe(true);
    await groups.ask();
    expect(asked().at(-1)).toEqual(['tap2']);
  });

  it('are asked of another port where the one that changed has left the group', async () => {
    ports = { ...ports, tap2: ['b'] };
    members = { far: ['10.0.0.8'] };
    expect(groups.membersUpdated(['far'])).toBe(true);
    await learn('tap2');
    expect(groups.members.get('far')?.IPv4).toEqual([['10.0.0.8', null]]);
    ports = { tap1: ['c'], tap2: ['a'], tap3: ['c'] };
    await learn('tap1', 'tap2', 'tap3');
    ports = { tap1: ['c'], tap2: ['c'], tap3: ['a'] };
    groups.rulesUpdated(['a']);
    await groups.ask();
    expect(groups.rulesUpdated(['a'])).toBe(false);
  });

  it('that come while the server is asked are asked for again', async () => {
    transport.answer({
      security_group_info_for_devices: (args: { devices: string[] }) => {
        groups.rulesUpdated(['a']);
        return infoFor(args);
      },
    });
    await learn('tap1');
    transport.answer({ security_group_info_for_devices: infoFor });
    const before = asked().length;
    await groups.ask();
    expect(asked().length).toBe(before + 1);
  });

  it('changed members concern who has a rule that refers to the group', async () => {
    expect(groups.membersUpdated(['a'])).toBe(false);
    members = { far: ['10.0.0.7', '10.0.0.8', 'fd00::8'] };
    expect(groups.membersUpdated(['far'])).toBe(true);
    await groups.ask();
    expect(groups.members.get('far')).toEqual({
      IPv4: [
        ['10.0.0.7', null],
        ['10.0.0.8', null],
      ],
      IPv6: [['fd00::8', null]],
    });
  });

  it('members of one IP version stay while those of the other are told', async () => {
    members = { far: ['10.0.0.9'] };
    ports.tap4 = ['a'];
    await learn('tap4');
    expect(groups.members.get('far')).toEqual({ IPv4: [['10.0.0.9', null]], IPv6: [['fd00::7', null]] });
  });

  it('is the same object as long as nothing changed', async () => {
    const [port, list, known] = [groups.port('tap1'), groups.rules.get('a'), groups.members.get('far')];
    await learn('tap1', 'tap2', 'tap3');
    expect([groups.port('tap1'), groups.rules.get('a'), groups.members.get('far')]).toEqual([port, list, known]);
    expect(groups.port('tap1')).toBe(port);
    expect(groups.rules.get('a')).toBe(list);
    expect(groups.members.get('far')).toBe(known);
  });
});

describe('forgetting', () => {
  it('groups go with their last port, members with the last rule that refers to them', async () => {
    ports = { tap1: ['a'], tap2: ['b'] };
    rules = { a: [all('IPv4', 'far')], b: [all('IPv6', 'far')] };
    members = { far: ['10.0.0.7', 'fd00::7'] };
    await learn('tap1', 'tap2');
    groups.forget('tap1');
    expect([...groups.rules.keys()]).toEqual(['b']);
    expect(groups.members.get('far')).toEqual({ IPv6: [['fd00::7', null]] });
    groups.forget('tap2');
    expect(groups.rules.size + groups.members.size).toBe(0);
    expect(groups.rulesUpdated(['a', 'b']) || groups.membersUpdated(['far'])).toBe(false);
  });

  it('a port that the server no longer filters is not known any more', async () => {
    ports = { tap1: ['a'] };
    await learn('tap1');
    ports = {};
    await learn('tap1');
    expect(groups.port('tap1')).toBeUndefined();
    expect(groups.rules.size).toBe(0);
  });
});
