/** What a port last asked for: told to people who ask why a guest has no metadata. */
export interface LastRequest {
  atMs: number;
  method: string;
  url: string;
  status: number;
}

const MAX_PORTS = 10_000;

/** The last request of each port, of the ports that asked most recently. */
export class RecentRequests {
  readonly #byPort = new Map<string, LastRequest>();

  note(portId: string, request: LastRequest): void {
    this.#byPort.delete(portId);
    this.#byPort.set(portId, request);
    if (this.#byPort.size <= MAX_PORTS) return;
    for (const oldest of this.#byPort.keys()) {
      this.#byPort.delete(oldest);
      break;
    }
  }

  of(portId: string): LastRequest | null {
    return this.#byPort.get(portId) ?? null;
  }
}
