import { type Attribute, required, unset, type Who } from '../../resources/contract.ts';
import { describeAttribute } from '../../resources/descriptions.ts';
import type { ServedResource } from '../served-resource.ts';
import { type Html, html } from './html.ts';
import { table } from './layout.ts';
import { defaultWords, typeWords } from './type-words.ts';

const whoWords: Readonly<Record<Who, string>> = {
  admin: 'administrators',
  service: 'other services',
  advsvc: 'advanced services',
  data_plane_integrator: 'integrators of the data plane',
  project_member: 'members of its project',
  project_manager: 'managers of its project',
  project_reader: 'readers of its project',
  network_owner_member: "members of the network's project",
  network_owner_manager: "managers of the network's project",
  network_owner_reader: "readers of the network's project",
  shared_network: 'everybody, if the network is shared',
  external_network: 'everybody, if the network is external',
  ordinary_device_owner: 'everybody, for owners that do not begin with network:',
};

/** Every attribute of a resource: what it is, when it can be given, what lists can do with it, who may. */
export function attributesTable(resource: ServedResource): Html {
  const accepted = new Set(resource.creatable.filter((rule) => rule.accepted).map(({ name }) => name));
  const rows = [...resource.attributes].map(([name, attribute]) => [
    html`<code>${name}</code>`,
    html`${describeAttribute(resource, name)}${notes(attribute)}`,
    typeWords(attribute.type.schema),
    use(resource, name, attribute, accepted.has(name)),
    accepted.has(name) ? defaultOf(attribute) : '',
    lists(resource, name),
  ]);
  return table({
    caption: 'Attributes',
    heads: ['Attribute', 'What it is', 'Type', 'In', 'Default', 'Lists'],
    rows,
  });
}

function use(resource: ServedResource, name: string, { ops }: Attribute, isAccepted: boolean): string {
  const places = [
    ...(isAccepted ? ['create'] : []),
    ...(resource.updatable.has(name) ? ['update'] : []),
    ...(ops.includes('R') ? ['answers'] : []),
  ];
  return places.length === 0 ? 'filters' : places.join(', ');
}

function defaultOf({ default: value }: Attribute): Html | string {
  if (value === required) return html`<strong>required</strong>`;
  return value === unset ? 'the server decides' : html`<code>${defaultWords(value)}</code>`;
}

function lists({ filterable, sortable }: ServedResource, name: string): string {
  return [...(filterable.has(name) ? ['filter'] : []), ...(sortable.has(name) ? ['sort'] : [])].join(', ');
}

function notes({ extension, create, update, see }: Attribute): Html[] {
  const who = (what: string, whom: readonly Who[] | undefined) =>
    whom === undefined ? [] : [`${what}: ${whom.map((one) => whoWords[one]).join('; ')}`];
  const same = String(create) === String(update);
  const lines = [
    ...(same ? who('Given by', create) : [...who('Given on create by', create), ...who('Changed by', update)]),
    ...who('Seen by', see),
    ...(extension === undefined ? [] : [`Extension: ${extension}`]),
  ];
  return lines.map((line) => html`<span class="note">${line}</span>`);
}
