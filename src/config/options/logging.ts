import { declareOptions, option } from '../../lib/options.ts';

/** oslo.log's options that every program understands. */
export const loggingOptions = declareOptions('DEFAULT', {
  debug: option.bool({ default: false, help: 'log at debug level' }),
  log_file: option.maybe({ help: 'file to log to instead of stderr', deprecated: [{ name: 'logfile' }] }),
  log_dir: option.maybe({
    help: 'folder for <program>.log, and for a relative log_file',
    deprecated: [{ name: 'logdir' }],
  }),
  log_rotation_type: option.string({
    default: 'none',
    choices: ['none', 'size', 'interval'],
    help: 'size: begin a new file at max_logfile_size_mb; none and interval leave that to logrotate (SIGHUP)',
  }),
  max_logfile_count: option.int({ default: 30, min: 0, help: 'how many older files are kept (size)' }),
  max_logfile_size_mb: option.int({ default: 200, min: 1, help: 'size at which a new file is begun' }),
  use_json: option.bool({ default: false, help: 'one JSON object a line instead of text' }),
});
