import { routeKey } from '../src/resources/contract.ts';
import { quota } from '../src/resources/quota.ts';
import { optionsFor } from './attribute-options.ts';
import type { Resource } from './client.ts';
import type { CommandParts, CommandSource } from './command-source.ts';
import type { Session } from './commands.ts';
import { CliError } from './errors.ts';
import { addAttributeOptions, addPlainListOptions, addShowOptions } from './options.ts';

const limits = quota.routes!.find((route) => routeKey(route) === 'PUT quotas/{id}')!.body!;

/** Limits: of one project, one's own when none is named. */
export function quotaCommands(): CommandSource[] {
  return [
    { name: 'quota-list', description: 'list limits of projects that have some of their own', complete: completeList },
    { name: 'quota-show', description: 'show limits of a project', complete: showing('') },
    { name: 'quota-default-show', description: 'show limits of projects without any', complete: showing('/default') },
    { name: 'quota-details', description: 'show limits of a project and what it uses', complete: showing('/details') },
    { name: 'quota-update', description: 'set limits of a project', complete: completeUpdate },
    { name: 'quota-delete', description: 'give a project the default limits again', complete: completeDelete },
  ];
}

function completeList({ command, run }: CommandParts): void {
  addPlainListOptions(command);
  command.action(() =>
    run(async ({ client, print }) => {
      const rows = await client.list('quotas');
      const { chosenColumns, renderList } = await import('./format/output.ts');
      const columns = rows[0] ? chosenColumns(Object.keys(rows[0]).sort(), command.opts().column) : [];
      print(renderList(columns, rows, command.opts<{ format: string }>()));
    }),
  );
}

function showing(below: string): CommandSource['complete'] {
  return ({ command, run }) => {
    addShowOptions(ofProject(command));
    command.action(() =>
      run(async (session) => {
        const project = await projectOf(session, command.args, command.opts().tenantId);
        const answer = await session.client.get(`quotas/${encodeURIComponent(project)}${below}`);
        await print(session, command, answer);
      }),
    );
  };
}

function completeUpdate({ command, booleans, run }: CommandParts): void {
  const attributes = optionsFor(limits, 'U');
  const given = addAttributeOptions(ofProject(command), attributes, booleans);
  addShowOptions(command).allowUnknownOption();
  command.action(() =>
    run(async (session) => {
      const { bodyOf } = await import('./commands.ts');
      const { splitArguments } = await import('./arguments.ts');
      const { operands, extras } = splitArguments(command.args);
      const wanted = { ...bodyOf(attributes, given), ...extras };
      if (Object.keys(wanted).length === 0) {
        throw new CliError('Must specify a valid resource with new quota value, like --network 20');
      }
      const project = await projectOf(session, operands, command.opts().tenantId);
      const answer = await session.client.put(`quotas/${encodeURIComponent(project)}`, { quota: wanted });
      await print(session, command, answer);
    }),
  );
}

function completeDelete({ command, run }: CommandParts): void {
  ofProject(command).action(() =>
    run(async (session) => {
      const project = await projectOf(session, command.args, command.opts().tenantId);
      await session.client.delete(`quotas/${encodeURIComponent(project)}`);
      session.print(`Deleted quota: ${project}\n`);
    }),
  );
}

function ofProject(command: CommandParts['command']): CommandParts['command'] {
  return command
    .usage('[TENANT_ID] [options]')
    .option('--tenant-id <id>', 'the project, if not your own')
    .allowExcessArguments();
}

async function projectOf({ client }: Session, args: readonly string[], option?: string): Promise<string> {
  const given = args[0] ?? option;
  if (given !== undefined) return given;
  const { tenant } = await client.get('quotas/tenant');
  const own = (tenant as Resource | undefined)?.tenant_id;
  if (typeof own !== 'string' || own === '') {
    throw new CliError('the server does not know your project: name one, like neutron quota-show PROJECT_ID');
  }
  return own;
}

async function print(session: Session, command: CommandParts['command'], answer: Resource): Promise<void> {
  const { picked } = await import('./commands.ts');
  const { renderOne } = await import('./format/output.ts');
  const options = command.opts<{ format: string }>();
  session.print(renderOne(picked(answer.quota as Resource, options), options));
}
