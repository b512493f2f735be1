/** `npm run build`: installs what is needed and builds the packet kernels and the dashboard. */
import { ensureBuilt, ensureInstalled, refuseOldNode } from './bootstrap.mjs';

refuseOldNode();
await ensureInstalled();
await ensureBuilt();
