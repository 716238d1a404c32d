/**
 * Who may say what to whom over the queue: method names, arguments, results and versions of both ends. Server and agents
 * import from here and never spell a topic or a method themselves.
 */
export * from './contract/bridge.ts';
export * from './contract/dhcp.ts';
export * from './contract/explain.ts';
export * from './contract/l2-population.ts';
export * from './contract/l3.ts';
export * from './contract/l3-objects.ts';
export * from './contract/l3-shapes.ts';
export * from './contract/metering.ts';
export * from './contract/method.ts';
export * from './contract/news.ts';
export * from './contract/objects.ts';
export * from './contract/plugin.ts';
export * from './contract/qos.ts';
export * from './contract/reports.ts';
export * from './contract/security-groups.ts';
export * from './contract/shapes.ts';
export * from './contract/topics.ts';
export * from './contract/trunks.ts';
