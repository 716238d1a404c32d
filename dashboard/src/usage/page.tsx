import { Stack, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { useText } from '../messages/text.tsx';
import { AddressTable } from './address-table.tsx';
import { LastHour } from './last-hour.tsx';
import { QuotaTable } from './quota-table.tsx';

/** What is used and what is left. */
export function UsagePage() {
  const text = useText();
  return (
    <Stack gap="xl">
      <Title order={2} size="h3">
        {text('usage.title')}
      </Title>
      <Part title={text('usage.quotas')}>
        <QuotaTable />
      </Part>
      <Part title={text('usage.addresses')}>
        <AddressTable />
      </Part>
      <Part title={text('usage.hour')}>
        <LastHour />
      </Part>
    </Stack>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Stack component="section" gap="sm" aria-label={title}>
      <Title order={3} size="h5">
        {title}
      </Title>
      {children}
    </Stack>
  );
}
