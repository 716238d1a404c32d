import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { hostPackages, installCommand, missingPackages, SetupError, thisMachine } from './debian.ts';
import { install, uninstall } from './installation.ts';
import { PREFIX, services } from './layout.ts';

const usage = `usage: npm run install-service -- [--root DIR] | --uninstall [--root DIR]

Puts the programs into ${PREFIX}, their names into /usr/local/bin, the units into /etc/systemd/system, makes the
user neutron and its folders, and writes examples of the files in /etc/neutron that are not there. Again: upgrades the
programs. Starts nothing.

  --root DIR    into DIR instead of /: for an image or a package
  --uninstall   takes all that away, but for user, configuration, data and logs
`;

const say = (line: string) => {
  process.stdout.write(`${line}\n`);
};

function main(): void {
  const { values } = parseArgs({
    options: {
      root: { type: 'string', default: '/' },
      uninstall: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  if (process.getuid?.() !== 0) throw new SetupError('only root can do this');
  const root = resolve(values.root);
  if (values.uninstall) {
    uninstall({ root, say });
    return;
  }
  install({ top: fileURLToPath(new URL('..', import.meta.url)), root, say });
  if (root !== '/') return;
  const missing = missingPackages(hostPackages, thisMachine(say).path);
  if (missing.length > 0) say(`a host with agents also needs: ${installCommand(missing)}`);
  say(`next: edit /etc/neutron, neutron-db-manage upgrade head, systemctl enable --now ${services[0]} …`);
  say(`each step: ${PREFIX}/docs/install.md`);
}

try {
  main();
} catch (error) {
  if (!(error instanceof Error)) throw error;
  process.stderr.write(`install-service: ${error.message}\n`);
  process.exitCode = 1;
}
