/** Where messages go: upstream's topic names. Each listener of a topic has a server name, for agents their host's. */
export const topics = {
  /** Agents ask the server: devices, networks, DHCP ports. */
  plugin: 'q-plugin',
  /** Heartbeats. */
  reports: 'q-reports-plugin',
  /** Agents report of trunks. */
  trunk: 'trunk',
  /** L3 agents ask the server. */
  l3Plugin: 'q-l3-plugin',
  /** Metering agents ask the server. */
  meteringPlugin: 'q-metering-plugin',
  /** To DHCP agents. */
  dhcpAgent: 'dhcp_agent',
  /** To L3 agents. */
  l3Agent: 'l3_agent',
  /** To metering agents. */
  meteringAgent: 'metering_agent',
  /** To bridge agents, each by fan-out. */
  portUpdate: 'q-agent-notifier-port-update',
  portDelete: 'q-agent-notifier-port-delete',
  networkUpdate: 'q-agent-notifier-network-update',
  networkDelete: 'q-agent-notifier-network-delete',
  securityGroupUpdate: 'q-agent-notifier-security_group-update',
  bindingActivate: 'q-agent-notifier-binding-activate',
  bindingDeactivate: 'q-agent-notifier-binding-deactivate',
  l2populationUpdate: 'q-agent-notifier-l2population-update',
  /** Servers tell each other which object versions an agent speaks. */
  resourceVersions: 'q-server-resource-versions',
  /** Ours: the server asks agents what is on their host. A Python agent does not listen here. */
  explain: 'neutrino-explain',
  /** Ours: agents ask servers what is where. A Python server does not listen here. */
  forwarding: 'neutrino-forwarding',
  /** Ours: processes of the server tell each other what changed, while somebody looks on. */
  news: 'neutrino-news',
} as const;

/** `topic` of agents that take no messages of their own. */
export const NO_TOPIC = 'N/A';
