import { Alert, Checkbox, Stack, TagsInput, TextInput, Text as Words } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiError, ask } from '../api/client.ts';
import type { ApiResource } from '../api/description.ts';
import { readAgain } from '../api/queries.ts';
import type { Done } from '../forms/command-line.ts';
import { DoneDialog } from '../forms/done-dialog.tsx';
import { fieldOfError } from '../forms/error-field.ts';
import { FormFrame } from '../forms/form-frame.tsx';
import { useText } from '../messages/text.tsx';
import { refusal } from '../shell/refusal.ts';
import { cidrHelp, freeCidr, type OtherSubnet } from './cidr-help.ts';
import { createNetwork, type NetworkWish, SubnetRefused } from './create-network.ts';

interface Props {
  readonly resources: readonly ApiResource[];
  readonly onClose: () => void;
}

const noSubnets: readonly OtherSubnet[] = [];
const nothingYet: NetworkWish = {
  ...{ name: '', hasSubnet: true, subnetName: '', cidr: '', gateway: '' },
  ...{ hasGateway: true, hasDhcp: true, nameServers: [] },
};
const subnetFields = ['cidr', 'gateway_ip', 'dns_nameservers'];

/** A network and its subnet in one go, with what the addresses mean before they are sent. */
export function NetworkDialog({ resources, onClose }: Props) {
  const text = useText();
  const { data: others = noSubnets, isSuccess } = useQuery({
    queryKey: ['subnets', 'blocks'],
    queryFn: async ({ signal }) => {
      const path = '/v2.0/subnets?fields=id&fields=name&fields=cidr&fields=network_id';
      return (await ask<{ subnets: OtherSubnet[] }>('GET', path, undefined, signal)).body.subnets;
    },
  });
  const [wish, setWish] = useState(nothingYet);
  const [isTouched, setIsTouched] = useState(false);
  const [errors, setErrors] = useState<Readonly<Record<string, string>>>({});
  const [whole, setWhole] = useState<Error | null>(null);
  const [isSending, setIsSending] = useState(false);
  const [done, setDone] = useState<readonly Done[] | null>(null);
  const change = (part: Partial<NetworkWish>) => setWish((before) => ({ ...before, ...part }));
  // A free block is suggested until something is typed.
  const cidr = isTouched || !isSuccess ? wish.cidr : freeCidr(others);
  const help = cidrHelp(cidr, others);

  const send = async () => {
    setErrors({});
    setWhole(null);
    if (wish.hasSubnet && !help) return setErrors({ cidr: text('network.noCidr') });
    setIsSending(true);
    try {
      setDone(await createNetwork({ ...wish, cidr: help?.cidr ?? '' }, resources));
    } catch (error) {
      const refused = error instanceof SubnetRefused ? error.reason : error;
      const field = refused instanceof ApiError ? fieldOfError(refused, subnetFields, { cidr: help?.cidr }) : null;
      const left = error instanceof SubnetRefused ? error.keptNetwork : null;
      if (field !== null) setErrors({ [field]: refusal(refused as ApiError, text) });
      else setWhole(refused as Error);
      if (left !== null) setWhole(new Error(text('network.kept', { id: left })));
    } finally {
      setIsSending(false);
      void readAgain();
    }
  };

  if (done) return <DoneDialog done={done} onClose={onClose} />;
  return (
    <FormFrame
      {...{ isSending, onClose }}
      title={text('network.title')}
      error={whole}
      isChanged={JSON.stringify(wish) !== JSON.stringify(nothingYet)}
      onSend={() => void send()}
    >
      <TextInput
        label={text('network.name')}
        maxLength={255}
        data-autofocus
        value={wish.name}
        onChange={(event) => change({ name: event.currentTarget.value })}
      />
      <Checkbox
        label={text('network.withSubnet')}
        checked={wish.hasSubnet}
        onChange={(event) => change({ hasSubnet: event.currentTarget.checked })}
      />
      {wish.hasSubnet && (
        <>
          <TextInput
            label={text('network.subnetName')}
            maxLength={255}
            value={wish.subnetName}
            onChange={(event) => change({ subnetName: event.currentTarget.value })}
          />
          <TextInput
            label={text('network.cidr')}
            error={errors.cidr}
            value={cidr}
            onChange={(event) => {
              setIsTouched(true);
              setErrors({});
              change({ cidr: event.currentTarget.value });
            }}
          />
          {errors.cidr === undefined && <Help cidr={cidr} others={others} />}
          <Checkbox
            label={text('network.noGateway')}
            checked={!wish.hasGateway}
            onChange={(event) => change({ hasGateway: !event.currentTarget.checked })}
          />
          {wish.hasGateway && (
            <TextInput
              label={text('network.gateway')}
              description={help ? text('network.gatewayHint', { address: help.gateway }) : undefined}
              error={errors.gateway_ip}
              value={wish.gateway}
              onChange={(event) => change({ gateway: event.currentTarget.value })}
            />
          )}
          <Checkbox
            label={text('network.dhcp')}
            checked={wish.hasDhcp}
            onChange={(event) => change({ hasDhcp: event.currentTarget.checked })}
          />
          <TagsInput
            label={text('network.dns')}
            error={errors.dns_nameservers}
            acceptValueOnBlur
            placeholder={text('forms.listHint')}
            value={[...wish.nameServers]}
            onChange={(nameServers) => change({ nameServers })}
          />
        </>
      )}
    </FormFrame>
  );
}

function Help({ cidr, others }: { cidr: string; others: readonly OtherSubnet[] }) {
  const text = useText();
  const help = cidrHelp(cidr, others);
  if (!help)
    return (
      <Words size="sm" c="dimmed" role="status">
        {text('network.noCidr')}
      </Words>
    );
  const { first, last, size, isTrimmed, overlaps } = help;
  return (
    <Stack gap={4} role="status">
      <Words size="sm">{text('network.range', { first, last, size: size.toLocaleString() })}</Words>
      {isTrimmed && <Words size="sm">{text('network.trimmed', { cidr: help.cidr })}</Words>}
      {overlaps.length > 0 && (
        <Alert color="yellow" p="xs">
          {text('network.overlap', {
            names: overlaps
              .slice(0, 5)
              .map((other) => `${other.name || other.id.slice(0, 8)} (${other.cidr})`)
              .join(', '),
          })}
        </Alert>
      )}
    </Stack>
  );
}
