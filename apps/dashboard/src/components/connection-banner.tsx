import { Loader } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useConnection } from '../live/connection.ts';

/** A blink of the network is nobody's business; only a longer one is said. */
const patienceMs = 800;

/** Says discreetly that what is on screen is not live at the moment. It goes away by itself. */
export function ConnectionBanner() {
  const isLost = useConnection() === 'lost';
  const [isShown, setShown] = useState(false);
  useEffect(() => {
    if (!isLost) return setShown(false);
    const timer = setTimeout(() => setShown(true), patienceMs);
    return () => clearTimeout(timer);
  }, [isLost]);
  if (!isShown) return null;
  return (
    <output className="banner" data-testid="reconnecting">
      <Loader size={13} />
      Reconnecting… <span className="muted">showing the last known state</span>
    </output>
  );
}
