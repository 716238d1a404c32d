import type { Config, EffectiveOption, Origin } from './config.ts';

/**
 * Every effective option with the place it came from, in the shape of a file: what `--show-config` prints. Secrets are
 * masked; what no part of the program understands comes last, as comments.
 */
export function renderConfig(config: Config): string {
  const sections = new Map<string, EffectiveOption[]>();
  for (const each of config.effective()) {
    const list = sections.get(each.section) ?? [];
    list.push(each);
    sections.set(each.section, list);
  }
  const lines = [
    '# files, a later one wins:',
    ...(config.files.length ? config.files.map((file) => `#   ${file}`) : ['#   none']),
  ];
  for (const [section, options] of [...sections].sort(defaultFirst)) {
    lines.push('', `[${section}]`);
    for (const { name, text, origin } of options.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const assignment = `${name} = ${text}`.trimEnd().replaceAll('\n', '\n    ');
      lines.push(`${assignment.padEnd(60)} # ${renderOrigin(origin)}`);
    }
  }
  if (config.unknown.length) {
    lines.push('', '# not understood by this program, and ignored:');
    for (const { sectionText, name, file, line } of config.unknown)
      lines.push(`#   ${file}:${line}: [${sectionText}] ${name}`);
  }
  return `${lines.join('\n')}\n`;
}

function renderOrigin(origin: Origin): string {
  return origin.kind === 'file' ? `${origin.file}:${origin.line}` : origin.kind;
}

function defaultFirst([a]: [string, unknown], [b]: [string, unknown]): number {
  if (a === 'DEFAULT' || b === 'DEFAULT') return a === b ? 0 : a === 'DEFAULT' ? -1 : 1;
  return a < b ? -1 : 1;
}
