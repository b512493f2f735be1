import { Button, Group, Modal, Stack, TagsInput, Textarea, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { showAtFields } from '../../live/form-errors.ts';
import { useChange } from '../../live/use-change.ts';
import { graphql } from '../../queries/graphql.ts';
import { Notice } from '../notice.tsx';
import { draftOf, type EditableSite, newUplink, type SiteDraft, uplinkInput } from './site-draft.ts';
import { UplinkFields } from './uplink-fields.tsx';

const addMutation = graphql(`
  mutation AddSite($input: AddSiteInput!) {
    addSite(input: $input) { site { id name } }
  }
`);
const updateMutation = graphql(`
  mutation UpdateSite($input: UpdateSiteInput!) {
    updateSite(input: $input) { site { id name } }
  }
`);

interface SiteFormProps {
  /** The site to edit; without it a new one is added. */
  readonly site?: EditableSite;
  readonly onClose: () => void;
  readonly onSaved: (site: { id: string; name: string }) => void;
}

export function SiteForm({ site, onClose, onSaved }: SiteFormProps) {
  // What was there when the form opened: live changes must not slip a newer revision under old values.
  const [original] = useState(site);
  const add = useChange(addMutation);
  const update = useChange(updateMutation);
  const [refusal, setRefusal] = useState<string | null>(null);
  const form = useForm<SiteDraft>({
    initialValues: draftOf(original),
    validate: {
      name: (name) => (name.trim() ? null : 'Give the site a name.'),
      uplinks: {
        label: (label: string) => (label.trim() ? null : 'Give it a label.'),
        interface: (name: string) => (name.trim() ? null : 'Say which interface.'),
      },
    },
  });
  const submit = form.onSubmit(async ({ uplinks, reachProbe, ...rest }) => {
    setRefusal(null);
    const input = {
      ...rest,
      name: rest.name.trim(),
      reachProbe: reachProbe.trim() || null,
      uplinks: uplinks.map(uplinkInput),
    };
    const outcome = original
      ? await update.run({ input: { ...input, id: original.id, revision: original.revision } })
      : await add.run({ input });
    if ('problem' in outcome) return setRefusal(showAtFields(form, outcome.problem));
    onSaved('addSite' in outcome.data ? outcome.data.addSite.site : outcome.data.updateSite.site);
  });
  return (
    <Modal opened onClose={onClose} title={original ? `Edit ${original.name}` : 'Add a site'} size="xl" centered>
      <form onSubmit={submit} noValidate>
        <Stack gap="sm">
          {refusal && <Notice tone="down">{refusal}</Notice>}
          <Group grow align="flex-start">
            <TextInput
              label="Name"
              placeholder="berlin"
              data-autofocus
              data-testid="site-name"
              {...form.getInputProps('name')}
            />
            <TextInput
              label="Location"
              placeholder="Berlin, DE"
              data-testid="site-location"
              {...form.getInputProps('location')}
            />
          </Group>
          <TagsInput
            label="Networks behind the gateway"
            description="What other sites shall reach here. Press Enter after each."
            placeholder={form.values.prefixes.length === 0 ? '10.1.0.0/16' : ''}
            acceptValueOnBlur
            splitChars={[',', ' ']}
            data-testid="site-prefixes"
            {...form.getInputProps('prefixes')}
          />
          <TextInput
            label="Host that answers for this site"
            description="Asked by the other gateways through the tunnels; a router or server here that answers to ping."
            placeholder="10.1.0.10"
            data-testid="site-reach-probe"
            {...form.getInputProps('reachProbe')}
          />
          <Textarea label="Description" autosize minRows={1} {...form.getInputProps('description')} />
          <UplinkFields form={form} />
          <Group justify="space-between" mt="xs">
            <Button
              variant="default"
              leftSection={<IconPlus size={14} />}
              onClick={() => form.insertListItem('uplinks', newUplink())}
            >
              Add uplink
            </Button>
            <Group gap="xs">
              <Button variant="default" onClick={onClose}>
                Cancel
              </Button>
              <Button type="submit" loading={add.isRunning || update.isRunning} data-testid="site-save">
                {original ? 'Save' : 'Add site'}
              </Button>
            </Group>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
