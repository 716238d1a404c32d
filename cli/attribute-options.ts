import type { Attribute, AttributeTable } from '../src/resources/contract.ts';
import { oldConstants, oldFlags } from '../src/resources/old-client.ts';
import { toBoolean, toObject } from './arguments.ts';
import { CliError } from './errors.ts';
import { attributeHelp } from './help-texts.ts';

/** An option that fills an attribute of a request body. */
export interface AttributeOption {
  attribute: string;
  /** `--fixed-ip` */
  flag: string;
  /** `list`, `objects`: may be given several times. */
  kind: 'text' | 'number' | 'boolean' | 'object' | 'list' | 'objects' | 'constant';
  /** Of a constant. */
  value?: unknown;
  /** Name of the value in the help. */
  argument: string;
  help: string;
}

/** Options of `create` (C) or `update` (U), in the order of the attribute table. */
export function optionsFor(
  attributes: AttributeTable,
  operation: 'C' | 'U',
  { operands = [], own = {} }: { operands?: readonly string[]; own?: Readonly<Record<string, string>> } = {},
): AttributeOption[] {
  const result: AttributeOption[] = [];
  for (const [attribute, rules] of Object.entries(attributes)) {
    if (!rules.ops.includes(operation) || (operation === 'C' && operands.includes(attribute))) continue;
    result.push(optionOf(attribute, rules, own[attribute]));
    for (const [of, flag, value, help] of oldConstants) {
      if (of === attribute) result.push({ attribute, flag, kind: 'constant', value, argument: '', help });
    }
  }
  return result;
}

function optionOf(attribute: string, { type: { schema } }: Attribute, own?: string): AttributeOption {
  const flag = own ?? oldFlags[attribute] ?? `--${attribute.replaceAll('_', '-')}`;
  const kind = kindOf(schema);
  const choices = Array.isArray(schema.enum) ? schema.enum.filter((value) => value !== null) : [];
  const [argument, help] = attributeHelp(attribute);
  const repeated = kind === 'list' || kind === 'objects' ? ' (repeatable)' : '';
  const oneOf = choices.length > 0 ? `${help ? '; ' : ''}one of ${choices.join(', ')}` : '';
  return {
    attribute,
    flag,
    kind,
    argument: kind === 'boolean' ? 'True|False' : argument,
    help: `${help}${oneOf}${repeated}`,
  };
}

export function kindOf(schema: Readonly<Record<string, unknown>>): AttributeOption['kind'] {
  const types = [schema.type].flat();
  const items = schema.items as { type?: unknown } | undefined;
  if (types.includes('boolean')) return 'boolean';
  if (types.includes('array')) return items?.type === 'object' ? 'objects' : 'list';
  if (types.includes('object')) return 'object';
  const isNumber =
    types.includes('integer') || (Array.isArray(schema.enum) && schema.enum.every((v) => typeof v === 'number'));
  return isNumber ? 'number' : 'text';
}

/** The attribute's value for the body, from what stands on the command line (a list for repeatable options). */
export function attributeValue(option: AttributeOption, given: unknown): unknown {
  const { kind, flag } = option;
  if (kind === 'constant') return option.value;
  const texts = [given].flat().map(String);
  if (kind === 'list') return texts;
  if (kind === 'objects') return texts.map((text) => withNumbers(toObject(flag, text)));
  const text = texts[0] ?? '';
  if (kind === 'boolean') return toBoolean(flag, text);
  if (kind === 'object') return toObject(flag, text);
  if (kind === 'text') return text;
  if (!/^-?\d+$/.test(text)) throw new CliError(`invalid value '${text}' of ${flag}: no number`);
  return Number(text);
}

/** `ip_version=6` of an extra DHCP option is the one number inside of objects. */
function withNumbers(object: Record<string, unknown>): Record<string, unknown> {
  const { ip_version: version } = object;
  return typeof version === 'string' && /^[46]$/.test(version) ? { ...object, ip_version: Number(version) } : object;
}
