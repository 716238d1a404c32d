import { Option } from 'commander';
import type { CommandParts, CommandSource } from './command-source.ts';
import type { Session } from './commands.ts';
import { CliError } from './errors.ts';
import { findId } from './lookup.ts';
import { type Noun, nouns } from './nouns.ts';
import { collect } from './options.ts';

/** Kinds of things that can have tags: those whose routes say so. */
const tagged = nouns.filter(({ definition }) => definition.routes?.some(({ path }) => path.endsWith('/tags')));

export function tagCommands(): CommandSource[] {
  return [
    {
      name: 'tag-add',
      description: 'add a tag to a thing',
      complete: (parts) =>
        ofOne(parts, '--tag <tag>', async ({ client }, path, { tag }) => {
          if (!tag) throw new CliError('Cannot add an empty value as tag: give one with --tag');
          await client.request('PUT', `${path}/${encodeURIComponent(tag)}`);
        }),
    },
    {
      name: 'tag-remove',
      description: 'remove a tag from a thing, or all of them',
      complete: (parts) => {
        parts.command.option('--all', 'all tags');
        ofOne(parts, '--tag <tag>', async ({ client }, path, { tag, all }) => {
          if (!all && !tag) throw new CliError('--all or --tag must be specified');
          if (all && tag) throw new CliError('--all and --tag exclude each other');
          await client.delete(all ? path : `${path}/${encodeURIComponent(tag)}`);
        });
      },
    },
    {
      name: 'tag-replace',
      description: 'replace all tags of a thing',
      complete: (parts) =>
        ofOne(parts, '--tag <tag...>', async ({ client }, path, { tag }) => {
          if (!tag) throw new CliError('missing option: --tag (repeatable); tag-remove --all removes all');
          await client.put(path, { tags: tag });
        }),
    },
  ];
}

// biome-ignore lint/suspicious/noExplicitAny: options of the command, as commander has them
type Work = (session: Session, path: string, options: any) => Promise<void>;

function ofOne({ command, run }: CommandParts, tag: string, work: Work): void {
  const isList = tag.includes('...');
  const option = new Option(tag.replace('...', ''), isList ? 'a tag (repeatable)' : 'the tag');
  if (isList) option.argParser(collect);
  command
    .usage('--resource-type TYPE --resource ID|NAME --tag TAG')
    .addOption(new Option('--resource-type <type>', 'what kind of thing').choices(tagged.map(({ member }) => member)))
    .requiredOption('--resource <id>', 'its id or name')
    .addOption(option)
    .action(() =>
      run(async (session) => {
        const { resourceType, resource } = command.opts<{ resourceType?: string; resource: string }>();
        if (!resourceType) throw new CliError('missing option: --resource-type, like --resource-type network');
        const noun = tagged.find(({ member }) => member === resourceType) as Noun;
        const id = await findId(session.client, noun, resource);
        await work(session, `${noun.path}/${encodeURIComponent(id)}/tags`, command.opts());
      }),
    );
}
