import { apiOptions } from '../../src/api/options.ts';
import { createApi } from '../../src/api/server.ts';
import { temporaryDatabase } from '../../src/db/temporary.ts';
import { defaultValues } from '../../src/lib/options.ts';
import { pluginOptions } from '../../src/plugin/fixture.ts';
import { createPlugin } from '../../src/plugin/plugin.ts';
import { FakeTransport } from '../../src/rpc/fake.ts';

/** `/openapi.json` of a real server with the usual services. */
export async function servedDocument(): Promise<unknown> {
  const database = await temporaryDatabase();
  const plugin = await createPlugin({
    database,
    transport: new FakeTransport(),
    host: 'server',
    options: pluginOptions({
      securityGroup: { enable_security_group: true },
      service: { service_plugins: ['router', 'segments', 'trunk', 'qos', 'port_forwarding', 'metering'] },
    }),
  });
  await plugin.start();
  const api = createApi({ plugin, protection: 'off', options: defaultValues(apiOptions) });
  const answer = await api.inject({ method: 'GET', url: '/openapi.json', headers: { host: 'api.test' } });
  await api.close();
  await plugin.close();
  await database.close();
  return JSON.parse(answer.body);
}
