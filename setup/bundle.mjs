// Makes the file that bundled-packages.mjs looks for; run by prepare.mjs after the packages were installed.
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { bundleOf } from './bundled-packages.mjs';

const input = fileURLToPath(new URL('../node_modules/kysely/dist/index.js', import.meta.url));
const bundle = await rolldown({ input, platform: 'node', logLevel: 'silent' });
await bundle.write({ file: fileURLToPath(bundleOf('kysely')), format: 'esm' });
await bundle.close();
