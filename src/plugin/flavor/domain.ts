import type { Domain } from '../domain.ts';
import { Flavors } from './flavors.ts';
import { ServiceProviders } from './providers.ts';
import { ServiceProfiles } from './service-profiles.ts';

export const flavors: Domain = {
  name: 'flavors',
  aliases: () => ['flavors', 'service-type'],
  make(machine) {
    const providers = new ServiceProviders(machine.providers);
    const profiles = new ServiceProfiles(machine, providers);
    const all = new Flavors(machine, profiles, providers);
    const path = 'flavors/{id}/service_profiles';
    return {
      collections: { flavors: all, service_profiles: profiles, service_providers: providers },
      routes: {
        [`POST ${path}`]: (call) => all.addProfile(call),
        [`GET ${path}/{service_profile_id}`]: (call) => all.checkProfile(call),
        [`DELETE ${path}/{service_profile_id}`]: (call) => all.removeProfile(call),
        'GET flavors/{id}/next_providers': (call) => all.nextProviders(call),
      },
    };
  },
};
