import type { PortWithPolicy } from '../../db/write/qos-policies.ts';
import { qosRuleTypes } from '../../resources/qos-rules.ts';
import type { QosRule } from '../../resources/shapes.ts';
import type { MechanismDriver, QosParameter, QosSupport } from '../ml2/contract.ts';
import { qosErrors as errors } from './errors.ts';

/** Which rules the loaded mechanism drivers can have enforced (upstream: services/qos/drivers/manager.py). */

type Drivers = readonly MechanismDriver[];

interface Supporter {
  readonly name: string;
  readonly qos: QosSupport;
}

function supporters(drivers: Drivers): Supporter[] {
  return drivers.flatMap(({ name, qos }) => (qos === undefined ? [] : [{ name, qos }]));
}

/** Ports nobody has wired, or could: what kind of card they are tells who will. */
const unwired = ['unbound', 'binding_failed'];

/** @throws QosRuleNotSupported for the first rule that the port could not have */
export function checkRulesForPort(
  drivers: Drivers,
  rules: readonly QosRule[],
  port: Pick<PortWithPolicy, 'id' | 'vif_type' | 'vnic_type'>,
): void {
  const fitting = supporters(drivers).filter(({ qos }) =>
    unwired.includes(port.vif_type) ? qos.vnicTypes.includes(port.vnic_type) : qos.vifTypes.includes(port.vif_type),
  );
  for (const rule of rules) {
    if (fitting.some(({ qos }) => allows(qos, rule))) continue;
    throw errors.QosRuleNotSupported({ rule_type: rule.type, port_id: port.id });
  }
}

/** @throws QosRuleNotSupportedByNetwork for the first rule that no driver can have enforced */
export function checkRulesForNetwork(drivers: Drivers, rules: readonly QosRule[], network_id: string): void {
  for (const rule of rules) {
    if (supporters(drivers).some(({ qos }) => allows(qos, rule))) continue;
    throw errors.QosRuleNotSupportedByNetwork({ rule_type: rule.type, network_id });
  }
}

function allows({ rules }: QosSupport, rule: QosRule): boolean {
  const parameters = rules[rule.type];
  if (parameters === undefined) return false;
  return Object.entries(parameters).every(([name, parameter]) => fits(parameter, rule[name]));
}

function fits(parameter: QosParameter, value: string | number | undefined): boolean {
  if (value === undefined) return false;
  if ('values' in parameter) return parameter.values.includes(value);
  return typeof value === 'number' && value >= parameter.from && value <= parameter.to;
}

/** Kinds of rules: all there are, those that any driver can have enforced, or (without either) those that all can. */
export function ruleTypes(drivers: Drivers, which: 'all_rules' | 'all_supported' | null): string[] {
  if (which === 'all_rules') return [...qosRuleTypes];
  const able = supporters(drivers);
  if (able.length === 0) return [];
  const has = (type: string) => (supporter: Supporter) => supporter.qos.rules[type] !== undefined;
  return qosRuleTypes.filter((type) => (which === null ? able.every(has(type)) : able.some(has(type))));
}

/** Who can have a kind of rule enforced, and with which values, as the API shows it. */
export function driversOf(drivers: Drivers, type: string) {
  return supporters(drivers).flatMap(({ name, qos }) => {
    const parameters = qos.rules[type];
    if (parameters === undefined) return [];
    return [{ name, supported_parameters: Object.entries(parameters).map(([key, value]) => described(key, value)) }];
  });
}

function described(parameter_name: string, parameter: QosParameter) {
  if ('values' in parameter) {
    return { parameter_name, parameter_values: [...parameter.values], parameter_type: 'choices' };
  }
  return { parameter_name, parameter_values: { start: parameter.from, end: parameter.to }, parameter_type: 'range' };
}
