import { optionsFor } from './attribute-options.ts';
import type { CommandParts, CommandSource } from './command-source.ts';
import { examples } from './help-texts.ts';
import { type Noun, nounFor, nouns, type Verb } from './nouns.ts';
import { addAttributeOptions, addListOptions, addShowOptions } from './options.ts';

/** List, show, create, update and delete of every resource. */
export function nounCommands(): CommandSource[] {
  return nouns.flatMap((noun) =>
    noun.verbs.map((verb) => {
      const name = `${noun.word}-${verb}`;
      const example = examples[name];
      return {
        name,
        description: describe(noun, verb),
        ...(example !== undefined && { example }),
        complete: (parts: CommandParts) => complete(parts, noun, verb),
      };
    }),
  );
}

async function complete(parts: CommandParts, noun: Noun, verb: Verb): Promise<void> {
  const { command, run } = parts;
  const { show, remove, operandName } = await import('./commands.ts');
  const parent = noun.parent === null ? '' : `${nounFor(noun.parent).member.toUpperCase()} `;
  const subject = `${parent}${operandName(noun)}`;
  if (verb === 'list') {
    addListOptions(command, `${parent}[options] [--ATTRIBUTE VALUE …]`);
    if (noun.member.endsWith('security_group_rule')) command.option('--no-nameconv', 'ids of groups, not their names');
    command.action(() =>
      run(async (session) => (await import('./list-command.ts')).list(session, noun, command.args, command.opts())),
    );
    command.allowUnknownOption();
  } else if (verb === 'show') {
    addShowOptions(command.usage(`${subject} [options]`));
    command.action(() => run((session) => show(session, noun, command.args, command.opts())));
  } else if (verb === 'delete') {
    command.usage(`${subject} [${operandName(noun)} …]`);
    command.action(() => run((session) => remove(session, noun, command.args)));
  } else if (verb === 'create') await completeCreate(parts, noun, parent);
  else await completeUpdate(parts, noun, subject);
  command.allowExcessArguments();
}

async function completeCreate({ command, booleans, run }: CommandParts, noun: Noun, parent: string): Promise<void> {
  const { bodyOf, create } = await import('./commands.ts');
  const { operands, definition, old } = noun;
  const names = operands.map(({ name, optional }) => (optional ? `[${name}] ` : `${name} `)).join('');
  command.usage(`${parent}${names}[options] [--ATTRIBUTE VALUE …]`);
  const width = Math.max(15, ...operands.map(({ name }) => name.length + 2));
  const lines = operands.map(({ name, help }) => `  ${name.padEnd(width)}${help}`);
  if (lines.length > 0) command.addHelpText('after', `\nArguments:\n${lines.join('\n')}`);
  const attributes = optionsFor(definition.attributes, 'C', {
    operands: operands.map(({ attribute }) => attribute),
    ...(old.flags && { own: old.flags }),
  });
  const given = addAttributeOptions(command, attributes, booleans);
  addShowOptions(passingOn(command));
  command.action(() =>
    run((session) =>
      create(session, noun, command.args, {
        ...command.opts(),
        format: command.opts().format,
        known: bodyOf(attributes, given),
      }),
    ),
  );
}

async function completeUpdate({ command, booleans, run }: CommandParts, noun: Noun, subject: string): Promise<void> {
  const { bodyOf, update } = await import('./commands.ts');
  command.usage(`${subject} [options] [--ATTRIBUTE VALUE …]`);
  const { definition, old } = noun;
  const attributes = optionsFor(definition.attributes, 'U', old.flags && { own: old.flags });
  const given = addAttributeOptions(passingOn(command), attributes, booleans);
  command.action(() => run((session) => update(session, noun, command.args, { known: bodyOf(attributes, given) })));
}

function passingOn(command: CommandParts['command']): CommandParts['command'] {
  return command
    .allowUnknownOption()
    .addHelpText(
      'after',
      '\nOptions that are not listed are passed to the server as attributes, like --mtu 1400 or --x type=bool true.',
    );
}

function describe({ member, collection, hasNames, parent }: Noun, verb: Verb): string {
  const one = member.replaceAll('_', ' ');
  const many = collection.replaceAll('_', ' ');
  const of = parent === null ? '' : ` of a ${nounFor(parent).member}`;
  if (verb === 'list') return `list ${many}${of}`;
  const article = /^[aeiou]/.test(one) ? 'an' : 'a';
  if (verb === 'create') return `create ${article} ${one}${of}`;
  return `${verb} ${article} ${one}${of}${parent === null ? (hasNames ? ' by id or name' : ' by id') : ''}`;
}
