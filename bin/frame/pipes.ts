/**
 * A reader that has seen enough (`| head`) is no fault: what is still said goes nowhere, the work goes on to its end and
 * the exit code tells how that was. Not an end at once, because `… | head` of a command that changes things, or Ctrl-C
 * to `neutrino up | tee log`, must not leave them half done.
 */
export function outliveReaders(streams: readonly NodeJS.WriteStream[] = [process.stdout, process.stderr]): void {
  for (const stream of streams) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}
