import { declareOptions, option } from '../../lib/options.ts';

/** Options of neutron-server that belong to no folder of their own. */
export const serverOptions = declareOptions('DEFAULT', {
  auth_strategy: option.string({
    default: 'keystone',
    choices: ['keystone', 'noauth'],
    help: 'who checks tokens; noauth answers on loopback only',
  }),
  core_plugin: option.string({
    default: 'ml2',
    help: 'the plugin that keeps networks, subnets and ports',
    check: (name) => (isMl2(name) ? null : 'is not available; write ml2'),
  }),
  api_workers: option.maybeInt({ min: 0, help: 'processes that serve the API; one when not given' }),
  rpc_workers: option.maybeInt({
    min: 0,
    help: 'how many of them answer agents, too; all when not given, one at least',
  }),
  rpc_state_report_workers: option.maybeInt({
    min: 0,
    help: 'read over: heartbeats are answered by those that answer agents',
  }),
  notify_nova_on_port_status_changes: option.bool({
    default: true,
    help: 'tell Nova when a port becomes active or down',
  }),
  notify_nova_on_port_data_changes: option.bool({ default: true, help: 'tell Nova when addresses of a port change' }),
  send_events_interval: option.int({ default: 2, min: 0, help: 'seconds in which events to Nova are gathered' }),
});

/** Options of ours that upstream has not. */
export const neutrinoOptions = declareOptions('neutrino', {
  insecure_open_api: option.bool({
    default: false,
    help: 'without Keystone, answer on addresses that are not loopback too',
  }),
  access_log: option.bool({ default: true, help: 'a line in the log for each answer of the API' }),
  plug_command: option.maybe({
    help: 'program and options of neutrino plug, as the dashboard shows them to who wants a guest; neutrino up says its own',
  }),
  token_file: option.maybe({ help: 'file with the one token that is accepted when auth_strategy is noauth' }),
});

export const policyOptions = declareOptions('oslo_policy', {
  policy_file: option.string({
    default: 'policy.yaml',
    help: 'rules that replace the built-in ones',
    deprecated: [{ section: 'DEFAULT', name: 'policy_file' }],
  }),
  policy_dirs: option.multi({ default: ['policy.d'], help: 'folders with more rule files' }),
  enforce_scope: option.bool({ default: false, help: 'read over: rules go by roles, whatever the scope of a token' }),
  enforce_new_defaults: option.bool({ default: true, help: 'use the rules without the deprecated alternatives' }),
});

function isMl2(name: string): boolean {
  return ['ml2', 'neutron.plugins.ml2.plugin.Ml2Plugin'].includes(name);
}
