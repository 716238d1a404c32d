import { describe, expect, it } from 'vitest';
import { formatCidr, parseCidr } from '../../../lib/ip/cidr.ts';
import { duidOf } from './client.ts';
import { leaseOf } from './lease.ts';
import { encodeMessage, parseMessage } from './message.ts';
import { replyOf, serverId } from './testing.ts';

const clientId = duidOf({ enterprise: 8888, subnetId: '5db57c0a-995f-443e-a92c-812e0034c708' });

describe('a message to servers', () => {
  it('says who asks, since when, and for what', () => {
    const { bytes, elapsedAt } = encodeMessage({
      ...{ type: 'solicit', transaction: 0x123456, clientId, serverId: null },
      prefix: parseCidr('2001:db8:1::/56'),
    });
    const hex = bytes.toString('hex');
    expect(hex.slice(0, 8)).toBe('01123456');
    // DUID-EN: type, enterprise 8888, id of the subnet.
    expect(hex).toContain('000100160002000022b85db57c0a995f443ea92c812e0034c708');
    // IA_PD 1 without times of ours, and in it the prefix.
    expect(hex).toContain('00190029000000010000000000000000001a0019000000000000000038');
    expect(hex).toContain('3820010db8000100000000000000000000');
    expect(bytes.readUInt16BE(elapsedAt - 4)).toBe(8);
    expect(hex).not.toContain('0002000a');
  });

  it('leaves the prefix to the server where none is held: 64 bits of any', () => {
    const { bytes } = encodeMessage({ type: 'solicit', transaction: 1, clientId, serverId: null, prefix: null });
    expect(bytes.toString('hex')).toContain(`001a0019${'0'.repeat(16)}40${'0'.repeat(32)}`);
  });
});

describe('an answer', () => {
  it('is read: who, how long, what', () => {
    const found = parseMessage(
      replyOf(clientId, { prefix: '2001:db8:7::/56', preferredS: 100, validS: 200 }),
      clientId,
    )!;
    expect(found).toMatchObject({ type: 'reply', status: 0, t1S: 50, t2S: 80, serverId });
    expect(found.prefixes.map(({ block, validS }) => [formatCidr(block), validS])).toEqual([['2001:db8:7::/56', 200]]);
    expect(leaseOf(found, 1_000)).toEqual({
      ...{ prefix: '2001:db8:7::/64', delegated: '2001:db8:7::/56', serverId: serverId.toString('hex') },
      ...{ renewAt: 51_000, rebindAt: 81_000, endsAt: 201_000 },
    });
  });

  it.each<[string, Parameters<typeof replyOf>[1], [number | null, number | null, number | null]]>([
    ['times that are left to us', { t1S: 0, t2S: 0, preferredS: 100, validS: 200 }, [50_000, 80_000, 200_000]],
    ['times in the wrong order', { t1S: 90, t2S: 80, preferredS: 100, validS: 200 }, [50_000, 80_000, 200_000]],
    ['for ever', { t1S: 0, t2S: 0, preferredS: 0xffff_ffff, validS: 0xffff_ffff }, [null, null, null]],
  ])('%s', (_, times, expected) => {
    const { renewAt, rebindAt, endsAt } = leaseOf(parseMessage(replyOf(clientId, times), clientId)!, 0)!;
    expect([renewAt, rebindAt, endsAt]).toEqual(expected);
  });

  it.each<[string, Parameters<typeof replyOf>[1]]>([
    ['ended', { preferredS: 0, validS: 0 }],
    ['is longer than a network of hosts', { prefix: '2001:db8::/72' }],
  ])('gives nothing where the prefix %s', (_, more) => {
    expect(leaseOf(parseMessage(replyOf(clientId, more), clientId)!, 0)).toBeNull();
  });

  it('passes over a prefix whose preferred time is longer than its valid one', () => {
    expect(parseMessage(replyOf(clientId, { preferredS: 9, validS: 8 }), clientId)!.prefixes).toEqual([]);
  });

  it('tells that there is none', () => {
    expect(parseMessage(replyOf(clientId, { status: 6 }), clientId)).toMatchObject({ status: 6 });
  });

  it('is not listened to when it is for somebody else, cut off, or no answer', () => {
    const whole = replyOf(clientId, {});
    expect(parseMessage(whole, Buffer.from('00030001', 'hex'))).toBeNull();
    for (let length = 0; length < whole.length; length++)
      expect(parseMessage(whole.subarray(0, length), clientId)?.prefixes ?? []).toEqual([]);
    expect(parseMessage(Buffer.concat([Buffer.from([1]), whole.subarray(1)]), clientId)).toBeNull();
    expect(parseMessage(Buffer.concat([whole, Buffer.alloc(4_096)]), clientId)).toBeNull();
  });
});
