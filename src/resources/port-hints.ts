import { pythonString } from '../lib/python-text.ts';
import type { AttributeType } from './contract.ts';
import { isObject, oneOf, orNull } from './validators.ts';

/** What upstream knows as hints of a port: how Open vSwitch spreads what it sends. Kept for who wires with it. */
export const portHints: AttributeType = {
  schema: {
    type: ['object', 'null'],
    properties: {
      openvswitch: {
        type: 'object',
        properties: {
          other_config: { type: 'object', properties: { 'tx-steering': { enum: ['thread', 'hash'] } } },
        },
      },
    },
  },
  validate: orNull((value) => {
    const inner = only(value, 'openvswitch') ?? only(at(value, 'openvswitch'), 'other_config');
    const config = at(at(value, 'openvswitch'), 'other_config');
    const wrong = inner ?? only(config, 'tx-steering');
    if (wrong !== null) return wrong;
    const steering = at(config, 'tx-steering');
    return steering === undefined ? null : oneOf(['thread', 'hash'])(steering);
  }),
};

/** An object with no other key than this one; an absent one will do. */
function only(value: unknown, key: string): string | null {
  if (value === undefined) return null;
  if (!isObject(value)) return `'${pythonString(value)}' is not a dictionary`;
  const unknown = Object.keys(value).filter((each) => each !== key);
  return unknown.length === 0 ? null : `Unexpected keys supplied: ${unknown.join(', ')}`;
}

function at(value: unknown, key: string): unknown {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}
