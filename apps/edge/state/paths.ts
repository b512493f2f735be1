/** What lies where in the edge's state directory. */
import { join } from 'node:path';

export const defaultStateDirectory = '/var/lib/patronus';

/** All paths of one state directory. */
export function statePaths(directory: string) {
  return {
    directory,
    /** Key, certificate and what is pinned, in one file, so that no half of it can be lost. */
    identity: join(directory, 'identity.json'),
    continuation: join(directory, 'continuation.json'),
    /** The last good configuration as it was signed. */
    configuration: join(directory, 'configuration.json'),
    rejected: join(directory, 'rejected.json'),
    /** Uplink → number of its routing table and mark. */
    uplinkNumbers: join(directory, 'uplinks.json'),
    uplinkKey: (uplinkId: string) => join(directory, 'keys', `${uplinkId}.json`),
    timestampFloor: (uplinkId: string) => join(directory, 'keys', `${uplinkId}.floor`),
    decisions: join(directory, 'decisions.jsonl'),
    compileCache: join(directory, 'cache'),
    socket: join(directory, 'edge.sock'),
  };
}
export type StatePaths = ReturnType<typeof statePaths>;
