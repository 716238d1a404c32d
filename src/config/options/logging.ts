import { declareOptions, option } from '../../lib/options.ts';

/** oslo.log's options that every program understands. */
export const loggingOptions = declareOptions('DEFAULT', {
  debug: option.bool({ default: false, help: 'log at debug level' }),
  log_file: option.maybe({ help: 'file to log to instead of stderr', deprecated: [{ name: 'logfile' }] }),
  log_dir: option.maybe({
    help: 'folder for <program>.log, and for a relative log_file',
    deprecated: [{ name: 'logdir' }],
  }),
  use_json: option.bool({ default: false, help: 'one JSON object a line instead of text' }),
});
