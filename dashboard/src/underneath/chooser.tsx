import { Select } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ask } from '../api/client.ts';
import { useResources } from '../api/described.ts';
import { useText } from '../messages/text.tsx';
import { type SubjectName, subjects } from './explanation.ts';
import { underneathAddress } from './references.ts';

interface Found {
  readonly id: string;
  readonly name?: string;
  readonly floating_ip_address?: string;
  readonly fixed_ips?: readonly { readonly ip_address: string }[];
}

/** Of each kind so many are suggested: there may be thousands of ports. */
const SUGGESTED = 10;
/** Until nobody types, ms. */
const PAUSE = 250;
const fields = ['id', 'name', 'fixed_ips', 'floating_ip_address'].map((name) => `fields=${name}`).join('&');

/** By which filters something is found that was typed: the server looks for them. */
function waysTo(subject: SubjectName, typed: string): string[] {
  const value = encodeURIComponent(typed);
  if (subject === 'floatingip') return [`floating_ip_address=${value}`, `id=${value}`];
  const usual = [`name=${value}`, `id=${value}`];
  return subject === 'port' ? [...usual, `fixed_ips=ip_address%3D${value}`, `mac_address=${value}`] : usual;
}

/** Finds what to look at, by name, id, address or MAC; without anything typed some of each kind. */
export function Chooser() {
  const text = useText();
  const [typed, setTyped] = useState('');
  const [asked] = useDebouncedValue(typed.trim(), PAUSE);
  const { resources } = useResources();
  const served = (Object.keys(subjects) as SubjectName[]).filter((subject) =>
    resources.some(({ key }) => key === subjects[subject].collection),
  );
  const { data = [] } = useQuery({
    queryKey: ['ports', 'networks', 'routers', 'floatingips', 'chooser', asked, ...served],
    queryFn: async ({ signal }) => {
      const kinds = served.map(async (subject) => {
        const { collection, title } = subjects[subject];
        const ways = asked === '' ? [''] : waysTo(subject, asked);
        const answers = await Promise.all(
          ways.map(async (way) => {
            const path = `/v2.0/${collection}?${fields}&limit=${SUGGESTED}&${way}`;
            // What the server cannot look for is not suggested.
            return await ask<Record<string, Found[]>>('GET', path, undefined, signal).then(
              ({ body }) => body[collection] ?? [],
              () => [],
            );
          }),
        );
        const found = new Map(answers.flat().map((one) => [one.id, one]));
        const items = [...found.values()].map((one) => ({ value: `${subject}/${one.id}`, label: labelOf(one) }));
        return { group: text(title), items };
      });
      return (await Promise.all(kinds)).filter(({ items }) => items.length > 0);
    },
    placeholderData: (before) => before,
  });
  return (
    <Select
      label={text('underneath.choose')}
      placeholder={text('underneath.chooseHint')}
      data={data}
      value={null}
      searchable
      onSearchChange={setTyped}
      // The server has looked already, by more than what stands in the labels.
      filter={({ options }) => options}
      onChange={(value) => {
        const [subject, id] = (value ?? '').split('/');
        if (subject && id) location.hash = underneathAddress(subject as SubjectName, id);
      }}
      maw={420}
    />
  );
}

function labelOf({ id, name, fixed_ips = [], floating_ip_address }: Found): string {
  const addresses = fixed_ips.map(({ ip_address }) => ip_address);
  return [name || floating_ip_address || id.slice(0, 8), ...addresses].join(' ');
}
