/** Entry of the detached daemon that `patronus lab up` starts; its one argument is the options as JSON. */
import { daemonMain } from './daemon.ts';
import type { UpOptions } from './lab.ts';

await daemonMain(JSON.parse(process.argv[2] ?? '{}') as UpOptions);
