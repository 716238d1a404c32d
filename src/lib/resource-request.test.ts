import { describe, expect, it } from 'vitest';
import { type Guarantee, resourceRequest, uuidV5 } from './resource-request.ts';

const port = { id: 'fbb0be18-2064-45bc-b80b-e503c3755597', vnic_type: 'normal', physical_network: 'phys-net.1' };
const bandwidth: Guarantee = { id: 'a', kind: 'minimum_bandwidth', direction: 'ingress', amount: 100 };
const packets: Guarantee = { id: 'b', kind: 'minimum_packet_rate', direction: 'any', amount: 7 };

describe('resourceRequest', () => {
  it('asks for bandwidth of the physical network and for packets, each in a group of its own', () => {
    const first = uuidV5(port.id, 'a:c');
    const second = uuidV5(port.id, 'b');
    expect(
      resourceRequest(port, [bandwidth, packets, { ...bandwidth, id: 'c', direction: 'egress', amount: 50 }]),
    ).toEqual({
      request_groups: [
        {
          id: first,
          required: ['CUSTOM_PHYSNET_PHYS_NET_1', 'CUSTOM_VNIC_TYPE_NORMAL'],
          resources: { NET_BW_IGR_KILOBIT_PER_SEC: 100, NET_BW_EGR_KILOBIT_PER_SEC: 50 },
        },
        { id: second, required: ['CUSTOM_VNIC_TYPE_NORMAL'], resources: { NET_PACKET_RATE_KILOPACKET_PER_SEC: 7 } },
      ],
      same_subtree: [first, second],
    });
  });

  it('asks for nothing without guarantees, or for bandwidth of no physical network', () => {
    expect(resourceRequest(port, [])).toBeNull();
    expect(resourceRequest({ ...port, physical_network: null }, [bandwidth])).toBeNull();
  });
});

describe('uuidV5', () => {
  it('is what Python makes of the same name', () => {
    // uuid.uuid5(uuid.NAMESPACE_DNS, 'python.org')
    expect(uuidV5('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'python.org')).toBe('886313e1-3b8a-5372-9b90-0c9aee199e5d');
  });
});
