import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { project } from '../support/programs.ts';

/** The servers of these tests serve what is built now. */
export default async function buildDashboard(): Promise<void> {
  const build = [join(project, 'setup/build-dashboard.mjs'), '--if-older', '--must'];
  // Vitest's own NODE_ENV would make a page for developers of it.
  const env = { ...process.env, NODE_ENV: 'production' };
  const child = spawn(process.execPath, build, { stdio: 'inherit', env });
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error('the dashboard could not be built');
}
