import type { ApiClient, Resource } from './client.ts';
import type { CommandSource } from './command-source.ts';
import type { Session } from './commands.ts';
import { ApiError, CliError } from './errors.ts';

/** What is deleted, in this order: what stands on others first. */
const kinds: readonly [member: string, path: string][] = [
  ['floatingip', 'floatingips'],
  ['port', 'ports'],
  ['router', 'routers'],
  ['network', 'networks'],
  ['security_group', 'security-groups'],
];

export function purgeCommands(): CommandSource[] {
  return [
    {
      name: 'purge',
      description: 'delete all floating IPs, routers, networks, ports and security groups of a project',
      complete({ command, run }) {
        command
          .usage('TENANT')
          .allowExcessArguments()
          .action(() => run((session) => purge(session, command.args)));
      },
    },
  ];
}

/** `purge TENANT`: goes on after what cannot be deleted, and says what it could not. */
async function purge({ client, print }: Session, args: readonly string[]): Promise<void> {
  const { exactly } = await import('./commands.ts');
  const [tenant = ''] = exactly(args, ['TENANT']);
  const found: { member: string; path: string; rows: Resource[] }[] = [];
  for (const [member, path] of kinds) found.push({ member, path, rows: await ownedBy(client, path, tenant) });
  const total = found.reduce((sum, { rows }) => sum + rows.length, 0);
  const deleted: string[] = [];
  const failed: string[] = [];
  let done = 0;
  for (const { member, path, rows } of found) {
    let gone = 0;
    for (const row of rows) {
      if (await isDeleted(client, path, row)) gone += 1;
      done += 1;
      print(`\rPurging resources: ${Math.floor((done / total) * 100)}% complete.`);
    }
    if (gone > 0) deleted.push(counted(gone, member));
    if (gone < rows.length) failed.push(counted(rows.length - gone, member));
  }
  const parts = [
    ...(deleted.length > 0 ? [`Deleted ${deleted.join(', ')}`] : []),
    ...(failed.length > 0 ? [`The following resources could not be deleted: ${failed.join(', ')}`] : []),
  ];
  print(`\n${parts.length > 0 ? `${parts.join('. ')}.` : 'Tenant has no supported resources.'}\n`);
  if (failed.length > 0) throw new CliError('something is left: delete it by hand to see why');
}

function counted(count: number, member: string): string {
  return `${count} ${member}${count === 1 ? '' : 's'}`;
}

/**
 * A server without routers has no such collection. Groups are not asked for by project: that would give a project that has
 * nothing its default group.
 */
async function ownedBy(client: ApiClient, path: string, tenant: string): Promise<Resource[]> {
  const fields = ['id', 'tenant_id', ...(path === 'ports' ? ['device_id', 'device_owner'] : [])];
  const filters = path === 'security-groups' ? [] : [['tenant_id', tenant] as const];
  try {
    const rows = await client.list(path, [...filters, ...fields.map((field) => ['fields', field] as const)]);
    return rows.filter(({ tenant_id: owner }) => owner === tenant);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return [];
    throw error;
  }
}

async function isDeleted(client: ApiClient, path: string, row: Resource): Promise<boolean> {
  try {
    if (/^network:router_interface/.test(String(row.device_owner ?? ''))) {
      await client.put(`routers/${row.device_id}/remove_router_interface`, { port_id: row.id });
    } else await client.delete(`${path}/${row.id}`);
    return true;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return false;
  }
}
