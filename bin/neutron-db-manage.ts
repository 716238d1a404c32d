import { databaseOptions, databaseSettings } from '../src/config/options/database.ts';
import { runProgram } from './frame/program.ts';

await runProgram({
  name: 'neutron-db-manage',
  about: 'usage: neutron-db-manage [options] COMMAND',
  groups: [databaseOptions],
  needs: ['database'],
  commands: true,
  async start({ config, logger, args }) {
    const [{ manage }, { openDatabase }] = await Promise.all([
      import('../src/db/manage.ts'),
      import('../src/db/database.ts'),
    ]);
    const settings = databaseSettings(config.get(databaseOptions));
    return manage(args.words, {
      open: () => openDatabase({ ...settings, logger }),
      print: (line) => process.stdout.write(`${line}\n`),
      log: (line) => process.stderr.write(`${line}\n`),
    });
  },
});
