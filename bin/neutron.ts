import { runNeutron } from '../cli/main.ts';
import { outliveReaders } from './frame/pipes.ts';
import { setTitle } from './frame/title.ts';

outliveReaders();

const argv = process.argv.slice(2);
setTitle('neutron', argv);
if (argv[0] === '--version') {
  const { version } = await import('./frame/version.ts');
  process.stdout.write(`${version()}\n`);
} else {
  process.exitCode = await runNeutron(argv, process.env, {
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
  });
}
