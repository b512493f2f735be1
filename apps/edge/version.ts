/** The release this edge belongs to, as it tells the controller. */
import { readFileSync } from 'node:fs';

export const softwareVersion: string = JSON.parse(
  readFileSync(new URL('./package.json', import.meta.url), 'utf8'),
).version;
