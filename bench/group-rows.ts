import { call, type Server } from './load.ts';
import type { Row } from './rows.ts';

/** Groups of the long list, and how many rules each has: two are there, the others are made. */
const GROUPS = 1000;
const RULES = 10;

/** Security groups: making a rule, and a list of a thousand groups with their rules. Removes what it makes. */
export async function runGroupRows(
  server: Server,
  { row, wanted, tag }: { row: Row; wanted: (name: string) => boolean; tag: string },
): Promise<void> {
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
  }
  if (wanted('list 1,000 security groups')) {
    while (made.length < GROUPS) {
      const id = await makeGroup(`${tag}-${made.length}`);
      made.push(id);
      await call(server, 'POST', '/v2.0/security-group-rules', {
        security_group_rules: Array.from({ length: RULES - 2 }, (_, at) => rule(id, at)),
      });
    }
    await row('list 1,000 security groups', {
      clients: 1,
      least: 3,
      next: () => ({ method: 'GET', path: '/v2.0/security-groups' }),
    });
  }
  for (const id of made) await call(server, 'DELETE', `/v2.0/security-groups/${id}`);
}
