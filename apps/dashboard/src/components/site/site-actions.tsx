import { ActionIcon, Menu } from '@mantine/core';
import { IconDots, IconPencil, IconTerminal2, IconTrash } from '@tabler/icons-react';

export type SiteAction = 'edit' | 'enrol' | 'remove';

interface SiteActionsProps {
  readonly site: { readonly name: string };
  readonly onChoose: (action: SiteAction) => void;
}

/** What can be done to a site, behind three dots. */
export function SiteActions({ site, onChoose }: SiteActionsProps) {
  return (
    <Menu position="bottom-end" width={210}>
      <Menu.Target>
        <ActionIcon aria-label={`Actions for ${site.name}`}>
          <IconDots size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconPencil size={15} />} onClick={() => onChoose('edit')}>
          Edit
        </Menu.Item>
        <Menu.Item leftSection={<IconTerminal2 size={15} />} onClick={() => onChoose('enrol')}>
          Enrol a gateway
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item color="red" leftSection={<IconTrash size={15} />} onClick={() => onChoose('remove')}>
          Delete
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
