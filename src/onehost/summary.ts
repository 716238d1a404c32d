import { apiUrl } from './api-client.ts';
import type { Instance } from './instance.ts';
import type { UplinkRecord } from './manifest.ts';
import type { StateFolder } from './state-folder.ts';
import { networkOf } from './uplink.ts';

export interface SummaryParts {
  version: string;
  state: StateFolder;
  instance: Instance;
  /** Kind and host of each agent alive; null where agents are not run, for want of root. */
  agents: readonly { agent_type: string; host: string; alive: boolean }[] | null;
  uplink: UplinkRecord | null;
  programs: string;
  seconds: number;
}

/** What `neutrino up` prints when everything works. */
export function renderSummary({ version, state, instance, agents, uplink, programs, seconds }: SummaryParts): string {
  const url = apiUrl(instance.api);
  const folder = state.isDefault ? '' : ` --state-dir ${state.path}`;
  const lines = [
    `Neutrino ${version} is up after ${seconds.toFixed(1)} s. State: ${state.path}, logs: ${state.log}`,
    'Nothing is isolated yet: every port may talk to every other of its network. Security groups are kept, not enforced.',
    '',
    `  API                   ${url}`,
  ];
  if (agents === null) {
    lines.push(
      '  no agents             bridges, DHCP and metadata change the network of this host, which needs root:',
      '                        networks, subnets and ports can be made, but nothing is wired. sudo npm start does it.',
    );
  } else {
    for (const { agent_type, host, alive } of agents) {
      lines.push(`  ${agent_type.padEnd(21)} ${alive ? `alive on ${host}` : `not alive; look into ${state.log}`}`);
    }
  }
  if (uplink?.kind === 'nat') {
    lines.push(
      `  physical net public   ${networkOf(uplink.cidr)}, gateway ${uplink.cidr.split('/')[0]} is this host, NAT to the world`,
    );
  } else if (uplink?.kind === 'interface') {
    lines.push(
      `  physical net public   card ${uplink.name}: its addresses move to a bridge while a flat network uses it`,
    );
  }
  lines.push('', 'For the neutron client:', `  export PATH=${programs}:$PATH ${environment(instance, 'OS_URL')}`);
  lines.push(
    '  neutron net-create net1 && neutron subnet-create --name subnet1 net1 192.168.56.0/24 && neutron agent-list',
  );
  if (uplink?.kind === 'nat') {
    lines.push(
      '  neutron net-create public --provider:network_type flat --provider:physical_network public',
      `  neutron subnet-create --gateway ${uplink.cidr.split('/')[0]} public ${networkOf(uplink.cidr)}`,
    );
  }
  lines.push(
    'For the openstack client:',
    `  export ${environment(instance, 'OS_ENDPOINT')}`,
    '  openstack network list',
  );
  if (agents !== null) {
    lines.push(
      'A guest without Nova, on a port you made:',
      `  neutrino plug PORT --netns guest1${folder}   (or --tap)`,
    );
  }
  lines.push(
    '',
    `Ctrl-C stops the programs; guests, addresses and data stay as they are. neutrino status${folder} shows what is there,`,
    `neutrino down${folder} takes everything off this host again.`,
  );
  return lines.join('\n');
}

/** What clients need to know, as one line for a shell. */
function environment({ api, tokenFile }: Instance, endpointName: string): string {
  const url = apiUrl(api);
  const endpoints = endpointName === 'OS_URL' ? `OS_ENDPOINT=${url} OS_URL=${url}` : `OS_ENDPOINT=${url}`;
  return tokenFile === null
    ? `OS_AUTH_TYPE=none ${endpoints}`
    : `OS_AUTH_TYPE=admin_token OS_TOKEN=$(cat ${tokenFile}) ${endpoints}`;
}
