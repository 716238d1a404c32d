import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { errorTables } from './error-tables.ts';

it('names the table of every domain', async () => {
  const folders = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' });
  const files = folders.filter((path) => /(^|\/)errors\.ts$/.test(path));
  expect(files.length).toBeGreaterThan(10);
  for (const file of files) {
    const tables = Object.values(await import(`./${file}`)).filter((value) => typeof value === 'object');
    for (const table of tables) expect(errorTables, file).toContain(table);
  }
});
