import { type Command, Option } from 'commander';
import type { AttributeOption } from './attribute-options.ts';
import { listFormats, quoteModes, showFormats } from './format/output.ts';

export function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}

export function commanderOption({ flag, kind, argument, help }: AttributeOption): Option {
  // Commander reads `--no-x` as the opposite of `--x`; here it is an option of its own, so its value is never negated.
  const option = new Option(kind === 'constant' ? flag : `${flag} <${argument}>`, help);
  if (kind === 'list' || kind === 'objects') option.argParser(collect);
  if (flag.startsWith('--no-')) option.negate = false;
  option.attributeName = () => flag.slice(2);
  return option;
}

/** Adds options for attributes. @returns reads what was given for one of them */
export function addAttributeOptions(
  command: Command,
  attributes: readonly AttributeOption[],
  booleans: Set<string>,
): (attribute: AttributeOption) => unknown {
  for (const attribute of attributes) {
    if (attribute.kind === 'boolean') booleans.add(attribute.flag.slice(2));
    command.addOption(commanderOption(attribute));
  }
  return ({ flag }) => command.opts()[flag.slice(2)];
}

export function addListOptions(command: Command, usage: string): void {
  addFormatOptions(command, listFormats)
    .usage(usage)
    .addOption(new Option('--quote <mode>', 'quotes of csv').choices(quoteModes).default('nonnumeric'))
    .option('-D, --show-details', 'all columns')
    .option('-F, --field <field>', 'ask the server for this field only (repeatable)', collect)
    .option('-P, --page-size <n>', 'ask for so many at a time')
    .option('--sort-key <field>', 'sort by this field (repeatable)', collect)
    .addOption(new Option('--sort-dir <asc|desc>', 'direction of the sort key in the same place').argParser(collect));
  command.addHelpText('after', `\nOptions that are not listed filter: ${command.name()} --ATTRIBUTE VALUE [VALUE …].`);
}

export function addShowOptions(command: Command): Command {
  return addFormatOptions(command, showFormats)
    .option('--prefix <text>', 'before each name of the shell format')
    .addOption(new Option('-D, --show-details', 'all fields, as always').hideHelp())
    .option('-F, --field <field>', 'this field only (repeatable)', collect);
}

/** Of a list that is shown as the server gives it. */
export function addPlainListOptions(command: Command): Command {
  return addFormatOptions(command, listFormats).addOption(
    new Option('--quote <mode>', 'quotes of csv').choices(quoteModes).default('nonnumeric'),
  );
}

function addFormatOptions(command: Command, formats: readonly string[]): Command {
  return command
    .addOption(new Option('-f, --format <format>', 'how to print').choices(formats).default('table'))
    .option('-c, --column <column>', 'print this column only (repeatable)', collect)
    .option('--noindent', 'JSON on one line');
}
