import { tellStory } from './story.ts';

/** Debian's server with our agents. */
tellStory({ server: 'python', agents: 'ours', groups: false });
