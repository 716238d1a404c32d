import type { RouteHandler } from '../contract.ts';
import type { Domain } from '../domain.ts';
import { Tags } from './tags.ts';

export const tags: Domain = {
  name: 'tags',
  aliases: () => ['standard-attr-tag', 'tag-creation'],
  make(machine) {
    const routes: Record<string, RouteHandler> = {};
    for (const [collection, tagged] of machine.tagged) {
      const of = new Tags(machine, collection, tagged);
      const path = `${collection}/{id}/tags`;
      routes[`GET ${path}`] = (call) => of.list(call);
      routes[`PUT ${path}`] = (call) => of.replace(call);
      routes[`POST ${path}`] = (call) => of.create(call);
      routes[`DELETE ${path}`] = (call) => of.clear(call);
      routes[`GET ${path}/{tag}`] = (call) => of.check(call);
      routes[`PUT ${path}/{tag}`] = (call) => of.add(call);
      routes[`DELETE ${path}/{tag}`] = (call) => of.remove(call);
    }
    return { routes };
  },
};
