/**
 * A MAC of the cloud's: the first three octets of `base_mac`, four when its fourth is not 00, the rest by chance. Whether
 * it is free on its network the unique key decides.
 *
 * @param random in [0, 1)
 */
export function generateMac(baseMac: string, random: () => number): string {
  const base = baseMac.toLowerCase().split(':');
  const kept = base[3] === '00' ? 3 : 4;
  const rest = Array.from({ length: 6 - kept }, () =>
    Math.floor(random() * 256)
      .toString(16)
      .padStart(2, '0'),
  );
  return [...base.slice(0, kept), ...rest].join(':');
}
