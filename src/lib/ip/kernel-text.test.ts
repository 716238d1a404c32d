import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAddress } from './address.ts';
import { parseCidr } from './cidr.ts';
import { kernelAddress, kernelCidr, parseBlock } from './kernel-text.ts';

describe('kernelAddress', () => {
  // What `inet_ntop` of glibc 2.36 printed.
  it.each([
    ['10.0.0.5', '10.0.0.5'],
    ['255.255.255.255', '255.255.255.255'],
    ['::', '::'],
    ['::1', '::1'],
    ['::100', '::100'],
    ['::1:0', '::0.1.0.0'],
    ['::102:304', '::1.2.3.4'],
    ['::ffff:102:304', '::ffff:1.2.3.4'],
    ['::ffff:0:0', '::ffff:0.0.0.0'],
    ['::ffff:0:102:304', '::ffff:0:102:304'],
    ['1:0:0:2::3', '1:0:0:2::3'],
    ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
    ['1:0:0:4:0:0:7:8', '1::4:0:0:7:8'],
    ['FE80::1', 'fe80::1'],
    ['1::', '1::'],
  ])('%s is %s', (text, printed) => {
    const { value, version } = parseAddress(text)!;
    expect(kernelAddress(value, version)).toBe(printed);
  });
});

describe('parseBlock', () => {
  it.each([
    ['10.0.0.5', '10.0.0.5/32'],
    ['10.0.0.5/8', '10.0.0.0/8'],
    ['fd00::5', 'fd00::5/128'],
    ['::/0', '::/0'],
  ])('reads %s', (text, block) => {
    expect(kernelCidr(parseBlock(text)!)).toBe(block);
  });

  it('reads IPv4 as everything else here does', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.integer({ min: 0, max: 33 }), (address, prefix) => {
        expect(parseBlock(`${address}/${prefix}`)).toEqual(parseCidr(`${address}/${prefix}`));
        expect(parseBlock(address)).toEqual(parseCidr(`${address}/32`));
      }),
    );
  });

  it.each(['', '10.0.0.05', '10.0.0.5/032', '256.0.0.1', '10.0.0', '10.0.0.5/33', '10.0.0.5 ', 'fd00::/129', 'eth0'])(
    'refuses %j',
    (text) => {
      expect(parseBlock(text)).toBeNull();
    },
  );
});
