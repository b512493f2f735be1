import { ActionIcon, NumberInput, TagsInput, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { IconTrash } from '@tabler/icons-react';
import type { SiteDraft } from './site-draft.ts';

/** One block an uplink: what it is, and where others can reach it. */
export function UplinkFields({ form }: { form: UseFormReturnType<SiteDraft> }) {
  return form.values.uplinks.map((uplink, index) => (
    <fieldset className="uplink" key={uplink.id ?? `new-${index}`}>
      <legend>
        Uplink {index + 1}
        {form.values.uplinks.length > 1 && (
          <ActionIcon
            size="sm"
            aria-label={`Remove uplink ${index + 1}`}
            onClick={() => form.removeListItem('uplinks', index)}
          >
            <IconTrash size={14} />
          </ActionIcon>
        )}
      </legend>
      <div className="uplink-form">
        <TextInput size="xs" label="Label" placeholder="internet" {...form.getInputProps(`uplinks.${index}.label`)} />
        <TextInput
          size="xs"
          label="Interface"
          placeholder="eth0"
          {...form.getInputProps(`uplinks.${index}.interface`)}
        />
        <TextInput
          size="xs"
          label="Reachability domain"
          placeholder="internet"
          {...form.getInputProps(`uplinks.${index}.domain`)}
        />
        <NumberInput size="xs" label="Cost" min={0} hideControls {...form.getInputProps(`uplinks.${index}.cost`)} />
        <NumberInput
          size="xs"
          label="UDP port"
          placeholder="auto"
          min={1}
          max={65_535}
          hideControls
          thousandSeparator=""
          {...form.getInputProps(`uplinks.${index}.port`)}
        />
        <NumberInput
          size="xs"
          label="Line, Mbit/s"
          placeholder="unknown"
          title="What the line carries: bursts are cut to what it sends in 2 ms, so that a call need not wait behind them"
          min={0.064}
          hideControls
          thousandSeparator=""
          {...form.getInputProps(`uplinks.${index}.megabits`)}
        />
      </div>
      <TagsInput
        size="xs"
        mt={8}
        label="Public endpoints (optional)"
        description="Where a fixed address is forwarded to it. Press Enter after each."
        placeholder={uplink.publicEndpoints.length === 0 ? '203.0.113.7:51820' : ''}
        acceptValueOnBlur
        {...form.getInputProps(`uplinks.${index}.publicEndpoints`)}
      />
      <TagsInput
        size="xs"
        mt={8}
        label="Internet probes (optional)"
        description="Hosts that tell whether the internet is reached by it, where a policy breaks out. None: the gateway of its network."
        placeholder={uplink.probeTargets.length === 0 ? '192.0.2.1' : ''}
        acceptValueOnBlur
        {...form.getInputProps(`uplinks.${index}.probeTargets`)}
      />
    </fieldset>
  ));
}
