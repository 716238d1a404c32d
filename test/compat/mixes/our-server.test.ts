import { tellStory } from './story.ts';

/** Our server with Debian's agents, which enforce its security groups. */
tellStory({ server: 'ours', agents: 'python', groups: true });
