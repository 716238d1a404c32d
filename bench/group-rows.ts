import { call } from './load.ts';
import { type Run, removeAll } from './rows.ts';

/** Groups of the long list, and how many rules each has: two are there, the others are made. */
const GROUPS = 1000;
const RULES = 10;

/** Security groups: making a rule, and a list of a thousand groups with their rules. Removes what it makes. */
export async function runGroupRows({ server, row, wanted, tag }: Run): Promise<void> {
  const makeGroup = async (name: string): Promise<string> =>
    (await call(server, 'POST', '/v2.0/security-groups', { security_group: { name } })).security_group.id;
  const rule = (security_group_id: string, at: number) => ({
    security_group_id,
    direction: 'ingress',
    protocol: at < 65_000 ? 'tcp' : 'udp',
    port_range_min: (at % 65_000) + 1,
    port_range_max: (at % 65_000) + 1,
  });
  const made: string[] = [];
  if (wanted('create security group rule')) {
    for (let i = 0; i < 64; i++) made.push(await makeGroup(`${tag}-${i}`));
    await row('create security group rule', {
      next: (at) => ({
        method: 'POST',
        path: '/v2.0/security-group-rules',
        body: { security_group_rule: rule(made[at % 64]!, Math.floor(at / 64)) },
      }),
    });
    await removeAll(server, 'security-groups', made.splice(0));
  }
  if (!wanted('list 1,000 security groups')) return;
  const full = async (): Promise<string> => {
    const id = await makeGroup(tag);
    await call(server, 'POST', '/v2.0/security-group-rules', {
      security_group_rules: Array.from({ length: RULES - 2 }, (_, at) => rule(id, at)),
    });
    return id;
  };
  if (server.seed !== null) await server.seed('groups', await full(), String(GROUPS - 1));
  else while (made.length < GROUPS) made.push(await full());
  await row('list 1,000 security groups', {
    least: 8,
    next: () => ({ method: 'GET', path: '/v2.0/security-groups' }),
  });
  if (server.seed !== null) await server.seed('remove-groups', tag);
  else await removeAll(server, 'security-groups', made);
}
