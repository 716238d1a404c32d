import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, it } from 'vitest';
import { project } from '../../test/support/programs.ts';

/** Mantine as it is installed: its modules name the classes of their style sheets. */
const mantine = join(project, 'node_modules/@mantine/core');
const here = join(project, 'dashboard/src');
const read = (file: string) => readFileSync(file, 'utf8');
const list = read(join(here, 'components.css'));
const imported = [...list.matchAll(/@mantine\/core\/styles\/([\w-]+)\.css/g)].map(([, name]) => name!);

/** Modules of Mantine that the dashboard's sources import, and those that these import. */
function modulesInUse(): ReadonlySet<string> {
  const index = read(join(mantine, 'esm/index.mjs'));
  const homes = new Map(
    [...index.matchAll(/import \{ (.*?) \} from "(.*?)"/g)].flatMap(([, names, file]) =>
      names!.split(', ').map((name) => [name, join(mantine, 'esm', file!)] as const),
    ),
  );
  const sources = globSync('**/*.tsx', { cwd: here }).map((file) => read(join(here, file)));
  const names = sources.flatMap((source) =>
    [...source.matchAll(/import \{([^}]*)\} from '@mantine\/core'/g)].flatMap(([, all]) =>
      all!.split(',').map((name) => name.trim().split(' ')[0]!),
    ),
  );
  const used = new Set<string>();
  const visit = (file: string): void => {
    if (used.has(file)) return;
    used.add(file);
    for (const [, path] of read(file).matchAll(/from "(\.[^"]*\.mjs)"/g)) visit(join(dirname(file), path!));
  };
  for (const name of names) if (homes.has(name)) visit(homes.get(name)!);
  return used;
}

it('every component that is used has its rules', () => {
  const used = [...modulesInUse()].filter((file) => file.endsWith('.module.mjs'));
  expect(used.length).toBeGreaterThan(30);
  const styles = imported.map((name) => read(join(mantine, `styles/${name}.css`))).join('\n');
  const all = read(join(mantine, 'styles.css'));
  const missing = used.filter((file) =>
    [...read(file).matchAll(/"(m_[0-9a-z]+)"/g)].some(
      ([, name]) => all.includes(`.${name}`) && !styles.includes(`.${name}`),
    ),
  );
  expect(missing.map((file) => relative(mantine, file))).toEqual([]);
});
