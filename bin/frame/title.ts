import { maskUrls } from './log.ts';

const SECRET_OPTION = /^(--[\w-]*(?:password|secret|token))(=?)(.*)$/s;

/**
 * What `ps` and `pgrep` show of a program: its name and options, instead of the path of a runtime; what is secret in them
 * only until it has started.
 */
export function setTitle(name: string, argv: readonly string[]): void {
  process.title = [name, ...maskArguments(argv)].join(' ');
}

/** Arguments with the values of options that are secret masked, and passwords in URLs. */
export function maskArguments(argv: readonly string[]): string[] {
  return argv.map((word, index) => {
    const before = SECRET_OPTION.exec(argv[index - 1] ?? '');
    if (before && before[2] === '') return '****';
    const own = SECRET_OPTION.exec(word);
    return own && own[2] === '=' ? `${own[1]}=****` : maskUrls(word);
  });
}
