import { agentMessages } from './agents.ts';
import { formMessages } from './forms.ts';
import { listMessages } from './lists.ts';
import type { Pair } from './pairs.ts';
import { shellMessages } from './shell.ts';
import { signInMessages } from './sign-in.ts';
import { topologyMessages } from './topology.ts';
import { underneathMessages } from './underneath.ts';
import { usageMessages } from './usage.ts';

const all = {
  ...shellMessages,
  ...listMessages,
  ...formMessages,
  ...topologyMessages,
  ...underneathMessages,
  ...signInMessages,
  ...agentMessages,
  ...usageMessages,
};

export type MessageKey = keyof typeof all;
export const allMessages: Readonly<Record<MessageKey, Pair>> = all;
