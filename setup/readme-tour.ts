import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { runTour } from '../src/onehost/tour.ts';

/**
 * Runs the tour and puts what it really printed into both READMEs, between the marks. The only change: the
 * paths of the checkout and of the temporary folder, which differ on every machine.
 *
 *     setup/node setup/readme-tour.ts
 */
const top = resolve(import.meta.dirname, '..');
let text = '';
const code = await runTour({
  programs: join(top, 'bin'),
  colour: false,
  write: (piece) => {
    text += piece;
    process.stdout.write(piece);
  },
});
if (code === 0) {
  const shown = text
    .replace(/\/[^\s'"=]*\/neutrino-lab-\w+/g, '/tmp/lab')
    .replaceAll(top, '/opt/neutrino')
    .trim();
  for (const name of ['README.md', 'README.zh-CN.md']) {
    const file = join(top, name);
    const readme = readFileSync(file, 'utf8');
    const [start, end] = ['<!-- tour -->\n', '<!-- /tour -->'];
    const [before, after] = [readme.indexOf(start) + start.length, readme.indexOf(end)];
    if (before < start.length || after < before) throw new Error(`${name} has no marks for the tour`);
    writeFileSync(file, `${readme.slice(0, before)}\n\`\`\`text\n${shown}\n\`\`\`\n\n${readme.slice(after)}`);
  }
}
process.exitCode = code;
