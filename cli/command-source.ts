import type { Command } from 'commander';
import type { Session } from './commands.ts';

/** One command. What it takes is only worked out when it is the one that is asked for. */
export interface CommandSource {
  name: string;
  description: string;
  example?: string;
  complete(parts: CommandParts): void | Promise<void>;
}

export interface CommandParts {
  command: Command;
  /** Options that may stand without a value; a command adds its own. */
  booleans: Set<string>;
  /** Signs in, does the work, and closes the connection. */
  run(work: (session: Session) => Promise<void>): Promise<void>;
}
