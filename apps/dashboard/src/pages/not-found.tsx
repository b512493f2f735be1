import { Button } from '@mantine/core';
import { IconRouteOff } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { Page } from '../components/page.tsx';
import { Message } from '../components/query-state.tsx';

export function NotFoundPage() {
  return (
    <Page title="" tab="Not found">
      <Message icon={IconRouteOff} title="No route to this page">
        <p>The address may be mistyped, or what it showed has been removed.</p>
        <Button component={Link} to="/" variant="default">
          To the overview
        </Button>
      </Message>
    </Page>
  );
}
