import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

/** That docs/security.md and the tests of `advisories/` speak of the same advisories, and of each that was published. */
const folder = new URL('./advisories/', import.meta.url);
/** Those that need agents and hosts. */
const onHosts = new URL('../functional/', import.meta.url);
const page = readFileSync(new URL('../../docs/security.md', import.meta.url), 'utf8');

/** What was published about Neutron and the bridges it makes, until November 2026, in no order but that of numbers. */
const published = [
  'CVE-2013-6419',
  'CVE-2013-6433',
  'CVE-2014-0056',
  'CVE-2014-0187',
  'CVE-2014-3555',
  'CVE-2014-3632',
  'CVE-2014-4167',
  'CVE-2014-4615',
  'CVE-2014-6414',
  'CVE-2014-7821',
  'CVE-2014-8153',
  'CVE-2015-3221',
  'CVE-2015-5240',
  'CVE-2015-8914',
  'CVE-2016-5362',
  'CVE-2016-5363',
  'CVE-2017-7543',
  'CVE-2018-14635',
  'CVE-2018-14636',
  'CVE-2019-9735',
  'CVE-2019-10876',
  'CVE-2019-15753',
  'CVE-2021-20267',
  'CVE-2021-38598',
  'CVE-2021-40085',
  'CVE-2021-40797',
  'CVE-2022-3277',
  'CVE-2023-3637',
  'CVE-2024-53916',
  'CVE-2026-49299',
  'CVE-2026-50266',
  'OSSN-0020',
  'OSSN-0027',
  'OSSN-0029',
  'OSSN-0069',
  'OSSN-0095',
  'OSSN-0102',
];
const number = /CVE-\d{4}-\d+|OSSN-\d{4}/g;

/** Numbers in the first column of the table below a heading. */
function listed(heading: string): string[] {
  const section = page.split(/^## /m).find((one) => one.startsWith(`${heading}\n`)) ?? '';
  return section
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .flatMap((line) => line.split('|')[1]!.match(number) ?? []);
}

/** Numbers in the names of tests, with their file. */
const tested = new Map(
  [folder, onHosts]
    .flatMap((where) => readdirSync(where).map((name) => ({ name, file: new URL(name, where) })))
    .filter(({ name, file }) => name.endsWith(file.href.includes('/functional/') ? 'advisories.test.ts' : '.test.ts'))
    .flatMap(({ name, file }) => {
      const names = readFileSync(file, 'utf8').match(/^.*(?:CVE|OSSN)-.*$/gm) ?? [];
      const titles = names.filter((line) => /^\s*(?:describe|it|\[?'|\])/.test(line));
      return titles.flatMap((line) => (line.match(number) ?? []).map((one) => [one, name] as const));
    }),
);

describe('docs/security.md', () => {
  it('has every advisory that was published', () => {
    expect([...new Set([...listed('Tested'), ...listed('Of what is not built here')])].sort()).toEqual(
      [...published].sort(),
    );
  });

  it('names as tested what is tested, in the file where it is', () => {
    expect(listed('Tested').sort()).toEqual([...tested.keys()].sort());
    for (const [one, file] of tested) {
      const line = page.split('\n').find((row) => row.startsWith('| ') && row.split('|')[1]!.includes(one));
      expect(line, one).toContain(`${file}\``);
    }
  });
});
