import { addressGroups } from './address-groups.ts';
import { agentHistory } from './agent-history.ts';
import { autoAllocatedTopologies } from './auto-allocated-topologies.ts';
import type { Migration } from './contract.ts';
import { defaultStatefulness } from './default-statefulness.ts';
import { duties } from './duties.ts';
import { flavors } from './flavors.ts';
import { initialTables } from './initial-tables.ts';
import { poolKeys } from './pool-keys.ts';
import { portAttributes } from './port-attributes.ts';
import { qinq } from './qinq.ts';
import { qos } from './qos.ts';
import { routers } from './routers.ts';
import { securityGroups } from './security-groups.ts';
import { segments } from './segments.ts';
import { servers } from './servers.ts';
import { subnetPools } from './subnet-pools.ts';
import { tenants } from './tenants.ts';
import { trunks } from './trunks.ts';
import { turns } from './turns.ts';
import { usageSamples } from './usage-samples.ts';

/** Every step, oldest first. The last is the head. */
export const migrations: readonly Migration[] = [
  initialTables,
  tenants,
  addressGroups,
  securityGroups,
  flavors,
  subnetPools,
  poolKeys,
  segments,
  autoAllocatedTopologies,
  portAttributes,
  defaultStatefulness,
  qinq,
  turns,
  duties,
  servers,
  trunks,
  qos,
  routers,
  agentHistory,
  usageSamples,
];
