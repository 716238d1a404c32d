import { metadataAgentOptions, metadataOptions } from '../src/agent/metadata/options.ts';
import { commonOptions } from '../src/config/options/common.ts';
import { metricsOptions } from '../src/metrics/options.ts';
import { openFigures, queueFigures } from './frame/metrics.ts';
import { runProgram } from './frame/program.ts';
import { connectQueue } from './frame/queue.ts';

const about = `usage: neutron-metadata-agent [options]

Answers guests that ask for metadata: finds out which port asks and forwards the request to Nova, signed, or answers
itself where there is no Nova. Where no --config-file is given it reads neutron.conf and metadata_agent.ini in
/etc/neutron.`;

await runProgram({
  name: 'neutron-metadata-agent',
  about,
  groups: [metadataOptions, metadataAgentOptions, metricsOptions],
  needs: ['queue'],
  service: true,
  async start(parts) {
    const { config, logger, service } = parts;
    const { MetadataAgent } = await import('../src/agent/metadata/agent.ts');
    const metrics = await openFigures('neutron-metadata-agent', parts);
    const transport = await connectQueue('neutron-metadata-agent', parts);
    const agent = new MetadataAgent({
      host: config.get(commonOptions).host,
      options: config.get(metadataOptions),
      agentOptions: config.get(metadataAgentOptions),
      transport,
      logger,
    });
    if (metrics !== null) {
      queueFigures(metrics.figures, transport);
      metrics.figures.counter('neutrino_metadata_answers_total', 'Answers to guests, by status.', ['status'], () =>
        [...agent.answered].map(([status, count]) => [{ status: String(status) }, count] as const),
      );
    }
    service.describe(() => agent.status);
    await agent.start();
    return {
      async close() {
        await agent.close();
        await transport.close();
        await metrics?.close();
      },
    };
  },
});
