import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { allCommands } from '../../cli/program.ts';
import { l3AgentOptions, l3Options } from '../../src/agent/l3/options.ts';
import { expandBraces, linksOf, pathsNamed, slugsOf } from './markdown.ts';
import { filesBelow, top } from './source-files.ts';

const pages = filesBelow('.', (path) => path.endsWith('.md'));
const textOf = (path: string): string => readFileSync(join(top, path), 'utf8');
const slugs = new Map(pages.map((path) => [path, slugsOf(textOf(path))]));
const everyFile = filesBelow('.', () => true);
/** What is made on the machine, and what stands for any name. */
const notInTheTree = ['dashboard/dist', 'bench/results/', 'something.case.ts'];
const everyName = new Set(everyFile.map((path) => basename(path)));

it('finds what it looks for', () => {
  const page = [
    '# One [thing](other.md#a), two!',
    '![picture](img/x.png) `[no](link)` `src/{a,b}/c.ts --flag` [there](https://example.org/)',
    '```',
    '# no heading, [no](link)',
    '```',
    '## One',
    '## One',
  ].join('\n');
  expect(linksOf(page)).toEqual(['other.md#a', 'img/x.png']);
  expect([...slugsOf(page)]).toEqual(['one-thing-two', 'one', 'one-1']);
  expect(pathsNamed(page).flatMap(expandBraces)).toEqual(['src/a/c.ts', 'src/b/c.ts']);
});

describe('the documentation', () => {
  it('has links that lead to files and headings that are there', () => {
    const dead = pages.flatMap((page) =>
      linksOf(textOf(page))
        .filter((link) => {
          const [path = '', anchor] = link.split('#');
          const target = path === '' ? page : join(dirname(page), path);
          if (!existsSync(join(top, target))) return true;
          return anchor !== undefined && !slugs.get(target)?.has(anchor);
        })
        .map((link) => `${page}: ${link}`),
    );
    expect(dead).toEqual([]);
  });

  it('names files and folders that are there', () => {
    const missing = pages.flatMap((page) =>
      pathsNamed(textOf(page))
        .filter((path) => !notInTheTree.includes(path) && !exists(path))
        .map((path) => `${page}: ${path}`),
    );
    expect(missing).toEqual([]);
  });

  it('names tests that are there', () => {
    const missing = pages.flatMap((page) =>
      [...textOf(page).matchAll(/[\w{},.*/-]+\.(?:test|case)\.ts\b/g)]
        .flatMap(([name]) => expandBraces(name))
        .filter((name) => !name.includes('*') && !notInTheTree.includes(name) && !everyName.has(basename(name)))
        .map((name) => `${page}: ${name}`),
    );
    expect(missing).toEqual([]);
  });

  it('has no page that nothing leads to', () => {
    const led = new Set(
      pages.flatMap((page) => linksOf(textOf(page)).map((link) => join(dirname(page), link.split('#')[0]!))),
    );
    expect(pages.filter((page) => page.startsWith('docs/') && !led.has(page))).toEqual([]);
    const pictures = everyFile.filter((path) => path.startsWith('docs/img/'));
    expect(pictures.filter((picture) => !led.has(picture))).toEqual([]);
  });

  it('names commands that are there', () => {
    const commands = new Set(allCommands().map(({ name }) => name));
    const scripts: Record<string, string> = JSON.parse(textOf('package.json')).scripts;
    const unknown = pages.flatMap((page) => [
      ...named(page, /\bneutron ([a-z0-9]+(?:-[a-z0-9]+)+)(?![\w-]*\*)/g, (command) => commands.has(command)),
      ...named(page, /\bnpm run ([\w:-]+)/g, (script) => script in scripts),
    ]);
    expect(unknown).toEqual([]);
  });

  it('tells of every option of the L3 agent', () => {
    const page = textOf('docs/l3-agent.md');
    const options = [l3Options, l3AgentOptions].flatMap(({ options }) => Object.keys(options));
    expect(options.length).toBeGreaterThan(20);
    expect(options.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });
});

function named(page: string, pattern: RegExp, isThere: (name: string) => boolean): string[] {
  const names = [...textOf(page).matchAll(pattern)].map(([, name]) => name!);
  return names.filter((name) => !isThere(name)).map((name) => `${page}: ${name}`);
}

/** A path with braces and stars stands for all that it means, each of which has to be there. */
function exists(path: string): boolean {
  return expandBraces(path).every((each) =>
    each.includes('*') ? globSync(each, { cwd: top }).length > 0 : existsSync(join(top, each)),
  );
}
