import { CommandFailed, type Exec } from './contract.ts';
import { checkNetnsName } from './netns.ts';
import { checkWord } from './operations.ts';

/** Programs that take many commands in one run and go on behind one that fails. */
export type BatchProgram = 'ip' | 'bridge' | 'tc';

const TIMEOUT_MS = 60_000;

/** One line of a batch. @throws on a word that is none */
export function batchLine(words: readonly (string | number)[]): string {
  const texts = words.map(String);
  for (const text of texts) checkWord(text);
  return texts.join(' ');
}

/**
 * @returns what failed: the number of its line, and what the program said
 * @throws CommandFailed where no line was reached: the namespace is gone
 */
export async function runBatch(
  exec: Exec,
  program: BatchProgram,
  lines: readonly string[],
  netns?: string,
): Promise<{ line: number; reason: string }[]> {
  if (lines.length === 0) return [];
  const argv = [program, ...(netns === undefined ? [] : ['-n', checkNetnsName(netns)]), '-force', '-batch', '-'];
  const stdin = `${lines.join('\n')}\n`;
  const { code, stderr } = await exec.run(argv, { stdin, timeoutMs: TIMEOUT_MS, okCodes: [0, 1, 2, 255] });
  let reason = '';
  const failed: { line: number; reason: string }[] = [];
  for (const text of stderr.split('\n')) {
    const number = /^Command failed -:(\d+)/.exec(text)?.[1];
    // Behind the reason stands that there is one.
    if (number === undefined)
      reason = /^We have an error talking to the kernel/.test(text) ? reason : text.trim() || reason;
    else failed.push({ line: Number(number) - 1, reason });
  }
  if (code !== 0 && failed.length === 0) throw new CommandFailed({ argv, code, stderr, netns });
  return failed;
}
