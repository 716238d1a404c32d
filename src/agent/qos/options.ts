import { declareOptions, type OptionValues, option } from '../../lib/options.ts';

/** `[QOS]` of `linuxbridge_agent.ini`. */
export const qosOptions = declareOptions('qos', {
  kernel_hz: option.int({
    default: 250,
    min: 1,
    help: 'ticks of the kernel per second: a bucket holds at least what passes between two of them',
  }),
  tbf_latency: option.int({
    default: 50,
    min: 1,
    help: 'milliseconds that a packet may wait for its turn; what would wait longer is dropped',
  }),
});

export type QosOptions = OptionValues<typeof qosOptions>;
