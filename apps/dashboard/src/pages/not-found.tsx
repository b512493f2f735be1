import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { Gate } from '../components/gate.tsx';

export function NotFoundPage() {
  return (
    <Gate title="No route to this page" lead="The address may be mistyped, or what it showed has been removed.">
      <Button component={Link} to="/" variant="default" fullWidth>
        To the overview
      </Button>
    </Gate>
  );
}
