import { runNeutron } from '../cli/main.ts';
import { outliveReaders } from './frame/pipes.ts';

outliveReaders();

const argv = process.argv.slice(2);
if (argv[0] === '--version') {
  const { version } = await import('./frame/version.ts');
  process.stdout.write(`${version()}\n`);
} else {
  process.exitCode = await runNeutron(argv, process.env, {
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
  });
}
