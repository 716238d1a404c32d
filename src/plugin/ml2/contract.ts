import type { Tx } from '../../db/database.ts';
import type { Context } from '../../lib/context.ts';
import type { Network, Port, Subnet } from '../../resources/shapes.ts';

/**
 * What a driver from outside implements to take part in ML2. The built-in drivers use exactly these contracts, and all
 * are loaded by the same door (registry.ts). Version of this contract: 1.
 *
 * Precommit methods run inside the transaction: rows only, and throwing rolls everything back. Postcommit methods run
 * after it: they may talk to the outside, must be repeatable, and throwing does not undo the commit (as upstream: a create
 * whose postcommit fails deletes the resource again and answers 500 MechanismDriverError).
 */
export const contractVersion = 1;

/** A segment as drivers see it. */
export interface NetworkSegment extends SegmentRequest {
  id: string;
  network_id: string;
}

export interface SegmentRequest {
  network_type: string;
  physical_network: string | null;
  segmentation_id: number | null;
}

/** What is known of the network that a segment is for. */
export interface SegmentWish {
  projectId?: string | null | undefined;
  /** Only segments on this one. */
  physicalNetwork?: string | null | undefined;
}

export interface TypeDriver {
  /** `flat`, `local`, `vlan`, `vxlan` … */
  readonly type: string;
  /** Called once before the server answers requests: checks options. */
  initialize(): Promise<void>;
  /** Whether it leaves open which segment is meant, so that any that fits is taken. Absent: never. */
  isPartialSegment?(segment: SegmentRequest): boolean;
  /** Refuses what makes no sense for this type (InvalidInput). Reads only. */
  validateProviderSegment(segment: SegmentRequest, tx: Tx): void | Promise<void>;
  /** Takes exactly this segment, or throws the type's in-use error; of a partial one, any that fits. */
  reserveProviderSegment(tx: Tx, segment: SegmentRequest, wish?: SegmentWish): Promise<SegmentRequest>;
  /** Any free segment for a project network, or null when none is left. */
  allocateTenantSegment(tx: Tx, wish?: SegmentWish): Promise<SegmentRequest | null>;
  releaseSegment(tx: Tx, segment: SegmentRequest): Promise<void>;
  /** Largest MTU in bytes a network of this type can have on that physical network; 0: not limited. */
  mtu(physicalNetwork: string | null): number;
}

export interface NetworkChange {
  context: Context;
  current: Network;
  /** The network before the change; null on create. */
  original: Network | null;
  segments: readonly NetworkSegment[];
}

export interface SubnetChange {
  context: Context;
  current: Subnet;
  original: Subnet | null;
}

export interface PortChange {
  context: Context;
  current: Port;
  original: Port | null;
  network: Network;
  segments: readonly NetworkSegment[];
}

/** What a mechanism driver is asked: how would this port be wired on its host? */
export interface BindRequest {
  context: Context;
  port: Port;
  network: Network;
  host: string;
  vnic_type: string;
  profile: Record<string, unknown>;
  segments: readonly NetworkSegment[];
  /** Agents registered on that host, alive or not. */
  agents: readonly HostAgent[];
}

export interface HostAgent {
  agent_type: string;
  host: string;
  alive: boolean;
  admin_state_up: boolean;
  configurations: Record<string, unknown>;
}

export interface BindResult {
  segment_id: string;
  vif_type: string;
  vif_details: Record<string, unknown>;
  /** `ACTIVE` when the driver wires it at once, without an agent; else null. */
  status: 'ACTIVE' | null;
  /** Segments for the next level of a hierarchical binding; absent for a final one. */
  next_segments?: readonly NetworkSegment[];
}

/** Which rules of QoS policies are enforced on which ports. */
export interface QosSupport {
  readonly vifTypes: readonly string[];
  /** For ports that nobody has wired yet. */
  readonly vnicTypes: readonly string[];
  /** By kind of rule (`bandwidth_limit` …) the values of each of its parameters. */
  readonly rules: Readonly<Record<string, Readonly<Record<string, QosParameter>>>>;
}

export type QosParameter =
  | { readonly from: number; readonly to: number }
  | { readonly values: readonly (string | number)[] };

export interface MechanismDriver {
  readonly name: string;
  /** Whose `L2` provisioning blocks ports get when this driver's agent will wire them; null for none. */
  readonly agentType: string | null;
  readonly supportedVnicTypes: readonly string[];
  readonly connectivity: string;
  /** Whether guests may use VLANs of their own inside its networks; absent: no. */
  readonly vlanTransparent?: boolean;
  /** Whether they may behind a second tag (0x88a8); absent: no. */
  readonly qinq?: boolean;
  /** Which rules of QoS policies its agents enforce; absent: none. */
  readonly qos?: QosSupport;
  /** `vif_type`s whose ports stay wired when their network gets another segmentation id; absent: none. */
  readonly followsSegmentationId?: readonly string[];
  /** Agents are told on which host each MAC of a tunnelled network is; absent: not because of this driver. */
  readonly populatesForwarding?: boolean;
  initialize(): Promise<void>;
  /** Whether ports on that agent's host could be wired to the segment; absent: the driver has no say in it. */
  reachesSegment?(agent: HostAgent, segment: NetworkSegment): boolean;
  /** Null when this driver cannot bind it: the next one is asked. */
  bindPort?(request: BindRequest): Promise<BindResult | null>;

  createNetworkPrecommit?(tx: Tx, change: NetworkChange): Promise<void>;
  createNetworkPostcommit?(change: NetworkChange): Promise<void>;
  updateNetworkPrecommit?(tx: Tx, change: NetworkChange): Promise<void>;
  updateNetworkPostcommit?(change: NetworkChange): Promise<void>;
  deleteNetworkPrecommit?(tx: Tx, change: NetworkChange): Promise<void>;
  deleteNetworkPostcommit?(change: NetworkChange): Promise<void>;

  createSubnetPrecommit?(tx: Tx, change: SubnetChange): Promise<void>;
  createSubnetPostcommit?(change: SubnetChange): Promise<void>;
  updateSubnetPrecommit?(tx: Tx, change: SubnetChange): Promise<void>;
  updateSubnetPostcommit?(change: SubnetChange): Promise<void>;
  deleteSubnetPrecommit?(tx: Tx, change: SubnetChange): Promise<void>;
  deleteSubnetPostcommit?(change: SubnetChange): Promise<void>;

  createPortPrecommit?(tx: Tx, change: PortChange): Promise<void>;
  createPortPostcommit?(change: PortChange): Promise<void>;
  updatePortPrecommit?(tx: Tx, change: PortChange): Promise<void>;
  updatePortPostcommit?(change: PortChange): Promise<void>;
  deletePortPrecommit?(tx: Tx, change: PortChange): Promise<void>;
  deletePortPostcommit?(change: PortChange): Promise<void>;
}

/** Adds attributes to networks, subnets and ports (`port_security` …). */
export interface ExtensionDriver {
  readonly name: string;
  /** Alias listed in /v2.0/extensions; absent where something else brings it. */
  readonly alias?: string;
  /** Further ones. */
  readonly aliases?: readonly string[];
  initialize(): Promise<void>;
  processCreateNetwork?(tx: Tx, input: Record<string, unknown>, network: { id: string }): Promise<void>;
  processUpdateNetwork?(tx: Tx, changes: Record<string, unknown>, network: { id: string }): Promise<void>;
  processCreatePort?(tx: Tx, input: Record<string, unknown>, port: { id: string; network_id: string }): Promise<void>;
  processUpdatePort?(tx: Tx, changes: Record<string, unknown>, port: { id: string; network_id: string }): Promise<void>;
  processCreateSubnet?(tx: Tx, input: Record<string, unknown>, subnet: { id: string }): Promise<void>;
  processUpdateSubnet?(tx: Tx, changes: Record<string, unknown>, subnet: { id: string }): Promise<void>;
}
