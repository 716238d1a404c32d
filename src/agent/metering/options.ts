import { declareOptions, type OptionValues, option } from '../../lib/options.ts';

/** `metering_agent.ini` (upstream: conf/services/metering_agent.py). */
export const meteringOptions = declareOptions('DEFAULT', {
  driver: option.string({
    default: 'iptables',
    help: 'what counts: iptables, or noop for nothing',
    check: (name) =>
      isNoop(name) || /^(iptables|neutron\.services\.metering\.drivers\.iptables\.iptables_driver\.\w+)$/.test(name)
        ? null
        : 'is not a driver this agent has; it knows iptables and noop',
  }),
  measure_interval: option.int({ default: 30, min: 1, help: 'seconds between two looks at the counters' }),
  report_interval: option.int({ default: 300, min: 1, help: 'seconds between two notifications of what was counted' }),
  granular_traffic_data: option.bool({
    default: false,
    help: 'not built: labels are counted as a whole',
    check: (value) => (value ? 'is not built: labels are counted as a whole' : null),
  }),
});

/** Options of `[agent]` that the metering agent reads. */
export const meteringAgentOptions = declareOptions('agent', {
  report_interval: option.float({ default: 30, min: 0.1, help: 'seconds between two state reports' }),
  log_agent_heartbeats: option.bool({ default: false, help: 'let the server log this agent’s reports' }),
});

export type MeteringOptions = OptionValues<typeof meteringOptions>;
export type MeteringAgentOptions = OptionValues<typeof meteringAgentOptions>;

export function isNoop(driver: string): boolean {
  return /^(noop|neutron\.services\.metering\.drivers\.noop\.noop_driver\.\w+)$/.test(driver);
}
