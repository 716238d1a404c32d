import type { MechanismDriver } from '../contract.ts';

/**
 * Binds nothing: with it agents are told on which host each MAC and address of a tunnelled network is, so that they need
 * not flood (upstream: plugins/ml2/drivers/l2pop). The work is done in src/plugin/l2-population.
 */
export function l2populationMechanismDriver(): MechanismDriver {
  return {
    name: 'l2population',
    agentType: null,
    supportedVnicTypes: [],
    connectivity: 'l2',
    // Frames are looked up by their MAC, whatever tags are inside.
    vlanTransparent: true,
    populatesForwarding: true,
    async initialize() {},
  };
}
