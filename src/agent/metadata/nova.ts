import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Logger } from '../../lib/log.ts';
import { type GuestAnswer, type GuestRequest, statusAnswer } from './answer.ts';
import type { MetadataOptions } from './options.ts';

const TIMEOUT_MS = 60_000;
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
/** What Nova may answer besides 200; anything else is a fault (500). */
const relayed = new Set([400, 403, 404, 409, 500, 502, 503, 504]);

/** On whose behalf a request is forwarded. */
export interface Instance {
  instanceId: string;
  projectId: string;
  remoteAddress: string;
}

/** Nova's metadata service. A connection per request: one that Nova closed meanwhile would cost a guest its answer. */
export class NovaMetadata {
  readonly #options: MetadataOptions;
  readonly #logger: Logger;
  readonly #timeoutMs: number;
  readonly #agent: HttpAgent | HttpsAgent;

  constructor(options: MetadataOptions, agent: HttpAgent | HttpsAgent, logger: Logger, timeoutMs: number) {
    this.#options = options;
    this.#agent = agent;
    this.#logger = logger;
    this.#timeoutMs = timeoutMs;
  }

  /** Reads the certificates. @throws the file system's error, naming the file */
  static async open(options: MetadataOptions, logger: Logger, timeoutMs = TIMEOUT_MS): Promise<NovaMetadata> {
    const limits = { keepAlive: false, maxSockets: 100 };
    if (options.nova_metadata_protocol === 'http') {
      return new NovaMetadata(options, new HttpAgent(limits), logger, timeoutMs);
    }
    const { auth_ca_cert: ca, nova_client_cert: cert, nova_client_priv_key: key } = options;
    const agent = new HttpsAgent({
      ...limits,
      rejectUnauthorized: !options.nova_metadata_insecure,
      ...(ca ? { ca: await readFile(ca) } : {}),
      ...(cert && key ? { cert: await readFile(cert), key: await readFile(key) } : {}),
    });
    return new NovaMetadata(options, agent, logger, timeoutMs);
  }

  /**
   * Asks Nova in the name of an instance. Only headers of ours go along, the instance's id signed with the shared secret:
   * that is how Nova knows that it may believe it.
   */
  async ask(request: GuestRequest, instance: Instance): Promise<GuestAnswer> {
    try {
      return await this.#send(request, instance);
    } catch (error) {
      this.#logger.warn({ instance_id: instance.instanceId, error: String(error) }, 'Nova did not answer for metadata');
      return statusAnswer(503);
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  async #send(request: GuestRequest, { instanceId, projectId, remoteAddress }: Instance): Promise<GuestAnswer> {
    const { nova_metadata_host: host, nova_metadata_port: port, nova_metadata_protocol: protocol } = this.#options;
    const send = protocol === 'https' ? httpsRequest : httpRequest;
    const sent = send({
      agent: this.#agent,
      host: host.replace(/^\[(.*)\]$/, '$1'),
      port,
      method: request.method,
      path: request.url,
      headers: {
        'X-Forwarded-For': remoteAddress,
        'X-Instance-ID': instanceId,
        'X-Tenant-ID': projectId,
        'X-Instance-ID-Signature': signatureOf(instanceId, this.#options.metadata_proxy_shared_secret),
        ...(request.body.length > 0 ? { 'Content-Length': request.body.length } : {}),
      },
    });
    const { status, contentType, body } = await answered(sent, request.body, this.#timeoutMs);
    if (status === 200) return { status, contentType, body };
    if (relayed.has(status)) return statusAnswer(status);
    this.#logger.warn(
      { instance_id: instanceId, status },
      'Nova answered a metadata request with an unexpected status',
    );
    return statusAnswer(500);
  }
}

/** Hexadecimal HMAC-SHA256 of the instance's id. */
export function signatureOf(instanceId: string, secret: string): string {
  return createHmac('sha256', secret).update(instanceId).digest('hex');
}

/** Sends the body and collects the whole answer within one limit of time. */
function answered(sent: ClientRequest, body: Buffer, timeoutMs: number): Promise<GuestAnswer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => sent.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      settle();
    };
    sent.once('error', (error) => finish(() => reject(error)));
    sent.once('response', (response: IncomingMessage) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MAX_ANSWER_BYTES) sent.destroy(new Error(`more than ${MAX_ANSWER_BYTES} bytes`));
        else chunks.push(chunk);
      });
      response.once('error', (error) => finish(() => reject(error)));
      response.once('end', () => {
        const status = response.statusCode ?? 500;
        const contentType = response.headers['content-type'] ?? 'text/plain';
        finish(() => resolve({ status, contentType, body: Buffer.concat(chunks) }));
      });
    });
    sent.end(body);
  });
}
