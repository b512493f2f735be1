import { ActionIcon, Button, Menu } from '@mantine/core';
import { IconDots, IconPencil, IconTerminal2, IconTrash } from '@tabler/icons-react';

import type { EdgeState } from '../../queries/graphql.ts';
import type { Action } from '../../rights/permissions.ts';
import { useMay } from '../../rights/use-may.ts';

export type SiteAction = 'edit' | 'enrol' | 'remove';

interface Gated {
  readonly edges: readonly { readonly state: EdgeState; readonly lastSeenAt: string | null }[];
}

const needs: Readonly<Record<SiteAction, Action>> = {
  edit: 'site.update',
  enrol: 'token.create',
  remove: 'site.remove',
};

/**
 * What can be done to a site by whoever is signed in. A site has one gateway: another can come when that one is revoked,
 * or never called since it enrolled.
 */
function useSiteActions(): (site: Gated) => readonly SiteAction[] {
  const may = useMay();
  return ({ edges }) => {
    const hasGateway = edges.some(
      ({ state, lastSeenAt }) => state === 'ONLINE' || (state === 'OFFLINE' && lastSeenAt !== null),
    );
    return (['enrol', 'edit', 'remove'] as const).filter(
      (action) => may(needs[action]) && !(action === 'enrol' && hasGateway),
    );
  };
}

interface SiteActionsProps {
  readonly site: Gated & { readonly name: string };
  readonly onChoose: (action: SiteAction) => void;
}

const looks = {
  edit: { label: 'Edit', icon: IconPencil, testId: 'edit-site' },
  enrol: { label: 'Enrol a gateway', icon: IconTerminal2, testId: 'enrol-gateway' },
  remove: { label: 'Delete', icon: IconTrash, testId: 'delete-site' },
} as const;

/** The same as buttons, for the head of a site's page. */
export function SiteButtons({ site, onChoose }: SiteActionsProps) {
  return useSiteActions()(site).map((action) => {
    const { label, icon: Icon, testId } = looks[action];
    return (
      <Button
        key={action}
        variant={action === 'enrol' ? 'filled' : 'default'}
        leftSection={<Icon size={15} />}
        onClick={() => onChoose(action)}
        data-testid={testId}
      >
        {label}
      </Button>
    );
  });
}

/** What can be done to a site, behind three dots. */
export function SiteActions({ site, onChoose }: SiteActionsProps) {
  const actions = useSiteActions()(site);
  if (actions.length === 0) return null;
  return (
    <Menu position="bottom-end" width={210}>
      <Menu.Target>
        <ActionIcon aria-label={`Actions for ${site.name}`}>
          <IconDots size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {actions.map((action) => {
          const { label, icon: Icon } = looks[action];
          return (
            <Menu.Item
              key={action}
              leftSection={<Icon size={15} />}
              onClick={() => onChoose(action)}
              {...(action === 'remove' && { color: 'red' })}
            >
              {label}
            </Menu.Item>
          );
        })}
      </Menu.Dropdown>
    </Menu>
  );
}
