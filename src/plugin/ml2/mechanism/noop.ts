import type { MechanismDriver } from '../contract.ts';

/** Takes part and binds nothing: for servers that only keep the API's state (upstream: `logger` and `test` drivers). */
export function noopMechanismDriver(name: string): MechanismDriver {
  return { name, agentType: null, supportedVnicTypes: [], connectivity: 'l2', async initialize() {} };
}
