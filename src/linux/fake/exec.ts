import { CommandFailed, type CommandResult, type Exec, type RunOptions } from '../contract.ts';

/** One command that was asked for. */
export interface RanCommand {
  argv: readonly string[];
  netns: string | null;
  stdin: string | null;
  daemon: boolean;
}

/** Answers a command: a part of a result (the rest is success without output), or nothing to leave it to the next. */
export type CommandAnswer = (argv: readonly string[], options: RunOptions) => Partial<CommandResult> | undefined;

/** Runs nothing: keeps what was asked, and answers from functions that tests give; success without output otherwise. */
export class FakeExec implements Exec {
  readonly ran: RanCommand[] = [];
  readonly #answers: CommandAnswer[] = [];

  /** The newest answer is asked first. */
  answer(answer: CommandAnswer): void {
    this.#answers.unshift(answer);
  }

  /** The commands as lines: `[qdhcp-1] dnsmasq --no-hosts`. */
  lines(): string[] {
    return this.ran.map(({ argv, netns }) => `${netns ? `[${netns}] ` : ''}${argv.join(' ')}`);
  }

  async run(argv: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
    this.ran.push({ argv, netns: options.netns ?? null, stdin: options.stdin ?? null, daemon: false });
    for (const answer of this.#answers) {
      const given = answer(argv, options);
      if (!given) continue;
      const result = { code: 0, stdout: '', stderr: '', ...given };
      if ((options.okCodes ?? [0]).includes(result.code)) return result;
      throw new CommandFailed({ argv, code: result.code, stderr: result.stderr, netns: options.netns });
    }
    return { code: 0, stdout: '', stderr: '' };
  }

  async daemon(argv: readonly string[], options: { netns?: string } = {}): Promise<void> {
    this.ran.push({ argv, netns: options.netns ?? null, stdin: null, daemon: true });
  }

  async close(): Promise<void> {}
}
