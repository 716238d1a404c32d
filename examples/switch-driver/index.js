/** The contract this driver is made for; the server refuses it when it has another. See docs/drivers.md. */
export const contractVersion = 1;

const TIMEOUT_MS = 5_000;
/** What the switch can carry. */
const carried = ['flat', 'vlan', 'local'];

/**
 * @param {{ logger: object, section: (name: string) => Record<string, string> }} setup
 */
export function createMechanismDriver({ logger, section }) {
  const { url } = section('ml2_switch');

  /** Throws when the switch does not do it: the server decides what that means. */
  async function send(method, path, body) {
    const response = await fetch(new URL(path, url), {
      method,
      headers: { 'Content-Type': 'application/json' },
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (!response.ok) throw new Error(`the switch answered ${response.status} to ${method} ${path}`);
    logger.debug({ method, path }, 'switch programmed');
  }

  const putNetwork = ({ current, segments }) =>
    send('PUT', `/networks/${current.id}`, { name: current.name, vlan: segments[0]?.segmentation_id ?? null });
  const putPort = ({ current }) =>
    send('PUT', `/ports/${current.id}`, { network: current.network_id, mac: current.mac_address });

  return {
    name: 'switch',
    // It wires nothing itself: ports wait for no agent of ours.
    agentType: null,
    supportedVnicTypes: [],
    connectivity: 'l2',
    async initialize() {
      if (!URL.canParse(url ?? '')) throw new Error('[ml2_switch] url: must be the URL of the switch');
    },
    async createNetworkPrecommit(_tx, { segments }) {
      const [other] = segments.filter(({ network_type }) => !carried.includes(network_type));
      if (other) throw new Error(`the switch carries no networks of type ${other.network_type}`);
    },
    createNetworkPostcommit: putNetwork,
    updateNetworkPostcommit: putNetwork,
    deleteNetworkPostcommit: ({ current }) => send('DELETE', `/networks/${current.id}`),
    createPortPostcommit: putPort,
    updatePortPostcommit: putPort,
    deletePortPostcommit: ({ current }) => send('DELETE', `/ports/${current.id}`),
  };
}
