import type { Logger } from '../../lib/log.ts';
import type { WirePort } from '../../rpc/contract.ts';
import {
  EXPLAIN_VERSION,
  type ExplainMethods,
  endpoint,
  explainServer,
  NO_TOPIC,
  PluginApi,
  topics,
} from '../../rpc/contract.ts';
import type { Transport } from '../../rpc/transport.ts';
import { Heartbeat, reportStatus } from '../heartbeat.ts';
import { ErrorMemory } from '../last-error.ts';
import { type GuestAnswer, type GuestRequest, statusAnswer } from './answer.ts';
import { answerFromPorts } from './builtin.ts';
import type { Caller } from './caller.ts';
import { explainMetadata } from './explain.ts';
import { type Card, guestOf } from './guest.ts';
import { PortLookup } from './lookup.ts';
import { NovaMetadata } from './nova.ts';
import { type MetadataAgentOptions, type MetadataOptions, socketMode, usesNova } from './options.ts';
import { RecentRequests } from './recent.ts';
import { ProxyServer } from './server.ts';

export interface MetadataAgentParts {
  /** This agent's host name. */
  host: string;
  options: MetadataOptions;
  agentOptions: MetadataAgentOptions;
  transport: Transport;
  logger?: Logger;
}

/**
 * Answers what guests ask at 169.254.169.254: finds out which port asks, then forwards to Nova in the instance's name, or
 * answers itself where there is no Nova.
 */
export class MetadataAgent {
  readonly #parts: MetadataAgentParts;
  readonly #logger: Logger;
  readonly #lookup: PortLookup;
  readonly #server: ProxyServer;
  readonly #heartbeat: Heartbeat;
  readonly #recent = new RecentRequests();
  #nova: NovaMetadata | null = null;

  constructor(parts: MetadataAgentParts) {
    const { host, options, agentOptions, transport, logger: told } = parts;
    const logger = new ErrorMemory(told);
    this.#parts = parts;
    this.#logger = logger;
    this.#lookup = new PortLookup(new PluginApi(transport), host);
    this.#server = new ProxyServer({
      socketPath: options.metadata_proxy_socket,
      mode: socketMode(options),
      backlog: options.metadata_backlog,
      answer: (caller, request) => this.#answer(caller, request),
      logger,
    });
    this.#heartbeat = new Heartbeat({
      transport,
      intervalMs: agentOptions.report_interval * 1000,
      logger,
      errors: logger,
      state: () => ({
        binary: 'neutron-metadata-agent',
        host,
        topic: NO_TOPIC,
        agent_type: 'Metadata agent',
        configurations: {
          metadata_proxy_socket: options.metadata_proxy_socket,
          nova_metadata_host: options.nova_metadata_host,
          nova_metadata_port: options.nova_metadata_port,
          log_agent_heartbeats: agentOptions.log_agent_heartbeats,
        },
      }),
    });
  }

  /** Listens at once; the server may come later. @throws SocketPathError; the file system's error on a missing certificate */
  async start(): Promise<void> {
    const { host, options, transport } = this.#parts;
    if (usesNova(options)) this.#nova = await NovaMetadata.open(options, this.#logger);
    if (this.#nova && options.metadata_proxy_shared_secret === '') {
      this.#logger.warn(
        { nova: novaUrl(options) },
        'metadata_proxy_shared_secret is empty: whoever reaches Nova can ask for the metadata of any instance',
      );
    }
    await this.#server.listen();
    void this.#heartbeat.start();
    // Of a network it knows nothing: it is asked about ports alone.
    const handlers = { explain_port: async ({ port }: { port: WirePort }) => ({ steps: [this.#explain(port)] }) };
    const explaining = endpoint<Pick<ExplainMethods, 'explain_port'>>(EXPLAIN_VERSION, handlers);
    transport
      .listen(topics.explain, explainServer('metadata', host), [explaining])
      .catch((error: unknown) => this.#logger.warn({ error: String(error) }, 'cannot be asked why'));
    const source = this.#nova ? novaUrl(options) : 'this agent';
    this.#logger.info({ socket: options.metadata_proxy_socket, source }, 'metadata agent started');
  }

  /** How many answers to guests had which status. */
  get answered(): ReadonlyMap<number, number> {
    return this.#server.answered;
  }

  /** In words for people. */
  get status(): string {
    const source = this.#nova ? novaUrl(this.#parts.options) : 'this agent';
    return `metadata from ${source}; ${reportStatus(this.#parts.transport, this.#heartbeat)}`;
  }

  /** Stops answering; does not close the transport. */
  async close(): Promise<void> {
    await this.#heartbeat.close();
    await this.#server.close();
    this.#nova?.close();
  }

  async #answer(caller: Caller, request: GuestRequest): Promise<GuestAnswer> {
    const port = await this.#lookup.portOf(caller);
    if (!port) {
      this.#logger.debug({ ...caller.place, ...caller.from }, 'no port for a metadata request');
      return statusAnswer(404);
    }
    const answer = this.#nova
      ? await this.#askNova(this.#nova, caller, request, port)
      : await this.#answerItself(request, port);
    const { method, url } = request;
    this.#recent.note(port.id, { atMs: Date.now(), method, url, status: answer.status });
    this.#logger.debug({ resource: 'port', id: port.id, url, status: answer.status }, 'answered a metadata request');
    return answer;
  }

  async #askNova(nova: NovaMetadata, caller: Caller, request: GuestRequest, port: WirePort): Promise<GuestAnswer> {
    if (!port.device_id) return statusAnswer(404);
    const { remoteAddress } = caller;
    return nova.ask(request, { instanceId: port.device_id, projectId: port.project_id, remoteAddress });
  }

  async #answerItself(request: GuestRequest, port: WirePort): Promise<GuestAnswer> {
    const ports = await this.#lookup.portsOfGuest(port);
    const others = ports.filter(({ id }) => id !== port.id);
    const card = async (one: WirePort): Promise<Card> => ({
      port: one,
      network: await this.#lookup.network(one.network_id),
    });
    const [first, rest] = await Promise.all([card(port), Promise.all(others.map(card))]);
    return answerFromPorts(request, guestOf([first, ...rest]));
  }

  #explain(port: WirePort) {
    const { options } = this.#parts;
    return explainMetadata(port, {
      socketPath: options.metadata_proxy_socket,
      isListening: this.#server.isListening,
      nova: this.#nova ? novaUrl(options) : null,
      last: this.#recent.of(port.id),
      nowMs: Date.now(),
    });
  }
}

function novaUrl(options: MetadataOptions): string {
  return `${options.nova_metadata_protocol}://${options.nova_metadata_host}:${options.nova_metadata_port}`;
}
