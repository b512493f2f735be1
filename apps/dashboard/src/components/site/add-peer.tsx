import { Button, Group, Modal, PasswordInput, Select, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconDownload } from '@tabler/icons-react';
import { useState } from 'react';
import { showAtFields } from '../../live/form-errors.ts';
import { useChange } from '../../live/use-change.ts';
import { graphql } from '../../queries/graphql.ts';
import { Command } from '../command.tsx';
import { Notice } from '../notice.tsx';

const addMutation = graphql(`
  mutation AddPeer($input: AddPeerInput!) {
    addPeer(input: $input) { configuration peer { id name } }
  }
`);

interface AddPeerProps {
  readonly site: {
    readonly id: string;
    readonly name: string;
    readonly uplinks: readonly { readonly id: string; readonly label: string }[];
  };
  readonly onClose: () => void;
}

/** Adds a stock WireGuard peer and then shows the file for it. */
export function AddPeer({ site, onClose }: AddPeerProps) {
  const add = useChange(addMutation);
  const [refusal, setRefusal] = useState<string | null>(null);
  const [added, setAdded] = useState<{ name: string; configuration: string }>();
  const form = useForm({
    initialValues: { name: '', publicKey: '', address: '', uplinkId: site.uplinks[0]?.id ?? '', presharedKey: '' },
    validate: {
      name: (name) => (name.trim() ? null : 'Give the peer a name.'),
      publicKey: (key) => (key.trim() ? null : 'Paste the public key of the peer.'),
      address: (address) => (address.trim() ? null : 'Give the peer an address of its own.'),
    },
  });
  const submit = form.onSubmit(async ({ presharedKey, uplinkId, ...rest }) => {
    setRefusal(null);
    const outcome = await add.run({
      input: { ...rest, siteId: site.id, ...(uplinkId && { uplinkId }), ...(presharedKey && { presharedKey }) },
    });
    if ('problem' in outcome) return setRefusal(showAtFields(form, outcome.problem));
    const { peer, configuration } = outcome.data.addPeer;
    setAdded({ name: peer.name, configuration });
  });
  if (added) return <PeerFile {...added} onClose={onClose} />;
  return (
    <Modal opened onClose={onClose} title={`Add a WireGuard peer to ${site.name}`} size="lg" centered>
      <form onSubmit={submit} noValidate>
        <Stack gap="sm">
          {refusal && <Notice tone="down">{refusal}</Notice>}
          <TextInput
            label="Name"
            placeholder="laptop-mira"
            data-autofocus
            data-testid="peer-name"
            {...form.getInputProps('name')}
          />
          <TextInput
            label="Public key"
            description={
              <>
                Made on the peer with <code>wg genkey | tee private.key | wg pubkey</code>; the private key stays there.
              </>
            }
            classNames={{ input: 'mono' }}
            data-testid="peer-public-key"
            {...form.getInputProps('publicKey')}
          />
          <Group grow align="flex-start">
            <TextInput
              label="Address inside"
              description="In a LAN here, or in none."
              placeholder="10.201.0.5/32"
              data-testid="peer-address"
              {...form.getInputProps('address')}
            />
            <Select
              label="Through uplink"
              description="Where it will call in."
              allowDeselect={false}
              data={site.uplinks.map(({ id, label }) => ({ value: id, label }))}
              {...form.getInputProps('uplinkId')}
            />
          </Group>
          <PasswordInput label="Preshared key (optional)" autoComplete="off" {...form.getInputProps('presharedKey')} />
          <Group justify="flex-end" gap="xs" mt="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={add.isRunning} data-testid="peer-save">
              Add peer
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

/** The wg-quick file of a peer, to copy or download. */
export function PeerFile({
  name,
  configuration,
  onClose,
}: {
  name: string;
  configuration: string;
  onClose: () => void;
}) {
  return (
    <Modal opened onClose={onClose} title={`Configuration of ${name}`} size="lg" centered>
      <Stack gap="md">
        <div>
          Put this on the peer as <code>/etc/wireguard/patronus.conf</code>, add its private key, and run{' '}
          <code>wg-quick up patronus</code>.
        </div>
        <Command text={configuration} label="Peer configuration" />
        <Group justify="flex-end" gap="xs">
          <Button
            variant="default"
            leftSection={<IconDownload size={15} />}
            onClick={() => download('patronus.conf', configuration)}
          >
            Download
          </Button>
          <Button onClick={onClose}>Done</Button>
        </Group>
      </Stack>
    </Modal>
  );
}

function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
