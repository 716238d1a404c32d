import { apiUrl } from './api-client.ts';
import type { Instance } from './instance.ts';
import type { UplinkRecord } from './manifest.ts';
import type { AgentRow } from './ready.ts';
import type { StateFolder } from './state-folder.ts';
import { networkOf } from './uplink.ts';

export interface SummaryParts {
  version: string;
  state: StateFolder;
  instance: Instance;
  /** null where agents are not run, for want of root. */
  agents: readonly AgentRow[] | null;
  /** Whether guests reach each other only as their groups say. */
  isolated: boolean;
  uplink: UplinkRecord | null;
  programs: string;
  seconds: number;
}

/** What `neutrino up` prints when everything works. */
export function renderSummary({
  version,
  state,
  instance,
  agents,
  isolated,
  uplink,
  programs,
  seconds,
}: SummaryParts): string {
  const url = apiUrl(instance.api);
  const folder = state.isDefault ? '' : ` --state-dir ${state.path}`;
  const lines = [
    `Neutrino ${version} is up after ${seconds.toFixed(1)} s. State: ${state.path}, logs: ${state.log}`,
    ...isolation(agents, isolated),
    '',
    `  API                   ${url}`,
    `  dashboard             ${url}/dashboard/`,
  ];
  if (agents === null) {
    lines.push(
      '  no agents             bridges, DHCP and metadata change the network of this host, which needs root:',
      '                        networks, subnets and ports can be made, but nothing is wired. sudo npm start does it.',
    );
  } else {
    for (const { agent_type, host, alive, refusal } of agents) {
      const isDown = refusal === null ? `not alive; look into ${state.log}` : `does not come up: ${refusal}`;
      lines.push(`  ${agent_type.padEnd(21)} ${alive ? `alive on ${host}` : isDown}`);
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
      '  neutron net-create public --router:external --provider:network_type flat --provider:physical_network public',
      `  neutron subnet-create --gateway ${uplink.cidr.split('/')[0]} public ${networkOf(uplink.cidr)}`,
      '  neutron router-create router1 && neutron router-gateway-set router1 public && neutron router-interface-add router1 subnet1',
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
      `  neutrino plug PORT --netns guest1 --dhcp${folder}   (or --tap)`,
    );
  }
  lines.push(
    '',
    `Ctrl-C stops the programs; guests, addresses and data stay as they are. neutrino status${folder} shows what is there,`,
    `neutrino down${folder} takes everything off this host again.`,
  );
  return lines.join('\n');
}

/** Who reaches whom. Where nothing is wired nobody does. */
function isolation(agents: SummaryParts['agents'], isolated: boolean): string[] {
  if (!agents?.some(({ binary, alive }) => binary === 'neutron-linuxbridge-agent' && alive)) return [];
  return [
    isolated
      ? 'Security groups are in force: a guest is reached only by what its groups allow (neutron security-group-rule-create).'
      : 'Nothing is isolated: firewall_driver is noop, and every port may talk to every other of its network.',
  ];
}

/** What clients need to know, as one line for a shell. */
function environment({ api, tokenFile }: Instance, endpointName: string): string {
  const url = apiUrl(api);
  const endpoints = endpointName === 'OS_URL' ? `OS_ENDPOINT=${url} OS_URL=${url}` : `OS_ENDPOINT=${url}`;
  return tokenFile === null
    ? `OS_AUTH_TYPE=none ${endpoints}`
    : `OS_AUTH_TYPE=admin_token OS_TOKEN=$(cat ${tokenFile}) ${endpoints}`;
}
