import type { CommandSource } from './command-source.ts';
import { nounFor } from './nouns.ts';
import { addListOptions, addPlainListOptions, addShowOptions } from './options.ts';

/** What the server has; and networks that are a way outside, which are no resource of their own. */
export function extensionCommands(): CommandSource[] {
  return [
    {
      name: 'ext-list',
      description: 'list the extensions that the server has',
      complete({ command, run }) {
        addPlainListOptions(command).action(() =>
          run(async (session) => (await import('./commands.ts')).listExtensions(session, command.opts())),
        );
      },
    },
    {
      name: 'ext-show',
      description: 'show an extension',
      complete({ command, run }) {
        addShowOptions(command.usage('ALIAS [options]').allowExcessArguments()).action(() =>
          run(async (session) => (await import('./commands.ts')).showExtension(session, command.args, command.opts())),
        );
      },
    },
    {
      name: 'net-external-list',
      description: 'list networks that are a way outside',
      complete({ command, run }) {
        addListOptions(command, '[options] [--ATTRIBUTE VALUE …]');
        command
          .allowUnknownOption()
          .allowExcessArguments()
          .action(() =>
            run(async (session) => {
              const { list } = await import('./list-command.ts');
              await list(session, nounFor('networks'), [...command.args, '--router:external', 'True'], command.opts());
            }),
          );
      },
    },
  ];
}
