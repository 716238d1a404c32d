import { expect, it } from 'vitest';
import { tellStory } from './story.ts';

/** Debian's server with our agents. */
tellStory({ server: 'python', agents: 'ours', groups: false }, (told) => {
  it('its database is refused by our neutron-db-manage and server, which change nothing in it', async () => {
    const { cloud } = told;
    const refusal = "The database holds the tables of Python's Neutron (alembic_version)";
    const before = await cloud.onController('neutron-db-manage', 'python', 'current');
    expect(await cloud.onController('neutron-db-manage', 'ours', 'upgrade', 'head')).toMatchObject({
      code: 1,
      output: expect.stringContaining(refusal),
    });
    const started = await cloud.onController('neutron-server', 'ours');
    expect(started).toMatchObject({ code: 1, output: expect.stringContaining(refusal) });
    expect(await cloud.onController('neutron-db-manage', 'python', 'current')).toMatchObject({ code: 0 });
    expect(before.output).toContain('(head)');
  });
});
