import type { Domain } from '../domain.ts';
import { NetworkIpAvailabilities } from './network-ip-availabilities.ts';

export const networkIpAvailability: Domain = {
  name: 'use of addresses',
  aliases: () => ['network-ip-availability', 'network-ip-availability-details'],
  make: ({ shared }) => ({ collections: { network_ip_availabilities: new NetworkIpAvailabilities(shared) } }),
};
