import type { Tx } from '../../db/database.ts';
import type { SegmentRequest, TypeDriver } from './contract.ts';
import { DriverConfigurationError, ml2Errors } from './errors.ts';

/** Where no driver names a limit. */
const ETHERNET_MTU = 1500;

/** The type drivers of this configuration: which kinds of networks there are (upstream: ml2/managers.py TypeManager). */
export class SegmentTypes {
  readonly #drivers: ReadonlyMap<string, TypeDriver>;
  readonly #tenantTypes: readonly string[];
  readonly #externalType: string | null;

  /** @throws DriverConfigurationError when a network type has no driver */
  constructor(drivers: readonly TypeDriver[], tenantTypes: readonly string[], externalType: string | null) {
    this.#drivers = new Map(drivers.map((driver) => [driver.type, driver]));
    for (const [option, type] of [
      ...tenantTypes.map((name) => ['tenant_network_types', name] as const),
      ...(externalType === null ? [] : [['external_network_type', externalType] as const]),
    ]) {
      if (!this.#drivers.has(type)) {
        throw new DriverConfigurationError(`[ml2] ${option}: no driver for '${type}' among type_drivers`);
      }
    }
    this.#tenantTypes = tenantTypes;
    this.#externalType = externalType;
  }

  /** Whether networks of this type can be made. */
  has(type: string): boolean {
    return this.#drivers.has(type);
  }

  /**
   * Refuses segments that make no sense, before anything is written.
   * @throws InvalidInput, SegmentsContainDuplicateEntry
   */
  async validate(tx: Tx, segments: readonly SegmentRequest[]): Promise<void> {
    for (const segment of segments) await this.#driver(segment.network_type).validateProviderSegment(segment, tx);
    const whole = segments.filter((segment) => !this.#driver(segment.network_type).isPartialSegment?.(segment));
    const texts = new Set(whole.map((one) => JSON.stringify(Object.values(one))));
    if (texts.size < whole.length) throw ml2Errors.SegmentsContainDuplicateEntry();
  }

  /** Takes the segments a request names. */
  async reserve(tx: Tx, segments: readonly SegmentRequest[], projectId: string | null): Promise<SegmentRequest[]> {
    const reserved: SegmentRequest[] = [];
    for (const segment of segments) {
      reserved.push(await this.#driver(segment.network_type).reserveProviderSegment(tx, segment, { projectId }));
    }
    return reserved;
  }

  /** Any segment for a network that names none. @throws NoNetworkAvailable */
  async allocate(tx: Tx, projectId: string | null, external: boolean): Promise<SegmentRequest> {
    const types = external && this.#externalType !== null ? [this.#externalType] : this.#tenantTypes;
    for (const type of types) {
      const segment = await this.#driver(type).allocateTenantSegment(tx, { projectId });
      if (segment) return segment;
    }
    throw ml2Errors.NoNetworkAvailable();
  }

  /** Gives segments back; those of a type that is configured no more stay taken. */
  async release(tx: Tx, segments: readonly SegmentRequest[]): Promise<void> {
    for (const segment of segments) await this.#drivers.get(segment.network_type)?.releaseSegment(tx, segment);
  }

  /** Largest MTU in bytes that all these segments carry. One whose type is configured no more limits nothing. */
  mtu(segments: readonly SegmentRequest[]): number {
    const mtus = segments.map((segment) => this.#drivers.get(segment.network_type)?.mtu(segment.physical_network) ?? 0);
    const limits = mtus.filter((mtu) => mtu > 0);
    return limits.length > 0 ? Math.min(...limits) : ETHERNET_MTU;
  }

  #driver(type: string): TypeDriver {
    const driver = this.#drivers.get(type);
    if (!driver) throw ml2Errors.InvalidInput({ error_message: `network_type value '${type}' not supported` });
    return driver;
  }
}
