import type { Domain } from '../domain.ts';
import { explainPort } from './explain.ts';

/** `GET /v2.0/ports/{id}/explain`: from the row to the kernel, what should be, what is, and what to do. */
export const explain: Domain = {
  name: 'explain',
  aliases: () => ['neutrino-explain'],
  make: ({ shared }) => ({
    routes: {
      'GET ports/{id}/explain': ({ context, params }) => explainPort(shared, context, params.id!),
    },
  }),
};
