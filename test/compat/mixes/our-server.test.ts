import { expect, it } from 'vitest';
import type { Json } from '../../support/api.ts';
import { tellStory } from './story.ts';

/** Our server with Debian's agents, which enforce its security groups. */
tellStory({ server: 'ours', agents: 'python', groups: true }, (told) => {
  it('explain tells what the server knows, and that Python’s agents do not answer', async () => {
    const { steps } = await told.cloud.api.explain(told.near.id);
    expect(Object.fromEntries(steps.map(({ step, state }: Json) => [step, state]))).toMatchObject({
      bound: 'ok',
      agent: 'ok',
      dhcp_agent: 'ok',
      status: 'ok',
      bridge_agent_answer: 'unknown',
      dhcp_agent_answer: 'unknown',
    });
    const asked = steps.find(({ step }: Json) => step === 'bridge_agent_answer');
    expect(asked.found).toBe('it does not answer: it is not running, or is not one of ours');
  });
});
