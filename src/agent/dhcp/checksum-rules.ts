import type { Exec } from '../../linux/contract.ts';

/**
 * Answers of dnsmasq leave the veth without a UDP checksum (the card is supposed to fill it in, and there is none); guests
 * whose DHCP client reads raw packets throw them away. One rule per family in the namespace's mangle table fills it in.
 * The chain's name is upstream's.
 */
const CHAIN = 'neutron-dhcp-age-POSTROUTING';
const port = { 4: 68, 6: 546 } as const;
const tool = { 4: 'iptables', 6: 'ip6tables' } as const;

/** Which of the families have their rule. */
export async function checksumFamilies(exec: Exec, netns: string, families: readonly (4 | 6)[]): Promise<(4 | 6)[]> {
  const found = await Promise.all(
    families.map(async (family) => {
      const { code, stdout } = await exec.run([tool[family], '-w', '-t', 'mangle', '-S'], {
        netns,
        okCodes: [0, 1, 2, 3, 4],
      });
      const jump = `-A POSTROUTING -j ${CHAIN}`;
      const complete = stdout.includes(jump) && stdout.includes(`--dport ${port[family]} -j CHECKSUM --checksum-fill`);
      return code === 0 && complete ? [family] : [];
    }),
  );
  return found.flat();
}

/** Puts the rule in. Any rest of it is replaced; a fresh namespace has none, which saves a look. */
export async function fillChecksums(
  exec: Exec,
  netns: string,
  family: 4 | 6,
  { fresh = false }: { fresh?: boolean } = {},
): Promise<void> {
  const look = () => exec.run([tool[family], '-w', '-t', 'mangle', '-S'], { netns, okCodes: [0, 1, 2, 3, 4] });
  const { stdout } = fresh ? { stdout: '' } : await look();
  const lines = [
    '*mangle',
    `:${CHAIN} - [0:0]`,
    ...(stdout.includes(`-A POSTROUTING -j ${CHAIN}`) ? [] : [`-A POSTROUTING -j ${CHAIN}`]),
    `-A ${CHAIN} -p udp -m udp --dport ${port[family]} -j CHECKSUM --checksum-fill`,
    'COMMIT',
  ];
  await exec.run([`${tool[family]}-restore`, '-w', '--noflush'], { netns, stdin: `${lines.join('\n')}\n` });
}
