import type { MessageKey } from '../messages/all.ts';
import type { FormValues } from './form-model.ts';

/** What is often wanted of a form: fills in some inputs, and sends nothing by itself. */
export interface Preset {
  readonly label: MessageKey;
  readonly values: FormValues;
}

const open = (protocol: string, port: string): FormValues => ({
  direction: 'ingress',
  protocol,
  port_range_min: port,
  port_range_max: port,
});

const rules: readonly Preset[] = [
  { label: 'forms.presetSsh', values: open('tcp', '22') },
  { label: 'forms.presetPing', values: open('icmp', '') },
  { label: 'forms.presetHttp', values: open('tcp', '80') },
  { label: 'forms.presetHttps', values: open('tcp', '443') },
  { label: 'forms.presetDns', values: open('udp', '53') },
  { label: 'forms.presetAll', values: open('', '') },
];

const byResource: Readonly<Record<string, readonly Preset[]>> = {
  security_group_rules: rules,
  default_security_group_rules: rules,
};

export function presetsOf(key: string): readonly Preset[] {
  return byResource[key] ?? [];
}
