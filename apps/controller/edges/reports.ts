/** What edges report, as rows: uplinks' keys and addresses, configurations confirmed and given up. */
import { parseEndpoint } from '@patronus/net';
import type { EdgeMessage, SignedConfiguration } from '@patronus/protocol';
import type { Core } from '../core.ts';
import { transact } from '../store/transaction.ts';

const MAX_ENDPOINTS = 16;

/** Returns whether something that other edges have to know has changed. */
export async function writeUplinkReports(
  core: Core,
  edgeId: string,
  reports: Extract<EdgeMessage, { type: 'uplinks' }>['uplinks'],
): Promise<boolean> {
  let isFabricChanged = false;
  let isStateChanged = false;
  await transact(core.store.db, async (trx) => {
    const uplinks = await trx.selectFrom('uplink').selectAll().where('edge_id', '=', edgeId).execute();
    for (const report of reports) {
      const uplink = uplinks.find((one) => one.id === report.id);
      if (uplink === undefined) continue;
      const endpoints = JSON.stringify(
        report.endpoints.filter((text) => parseEndpoint(text) !== undefined).slice(0, MAX_ENDPOINTS),
      );
      const isMoved = uplink.public_key !== report.publicKey || uplink.reported_endpoints !== endpoints;
      if (!isMoved && uplink.state === report.state) continue;
      isFabricChanged ||= isMoved;
      isStateChanged = true;
      await trx
        .updateTable('uplink')
        .set({ public_key: report.publicKey, reported_endpoints: endpoints, state: report.state })
        .where('id', '=', uplink.id)
        .execute();
    }
  });
  if (isStateChanged && !isFabricChanged) {
    await core.network.reload();
    core.changes.announce('telemetry');
  }
  return isFabricChanged;
}

export interface NewestConfiguration {
  /** `epoch.sequence`. */
  readonly version: string;
  readonly signed: SignedConfiguration;
}

export async function newestConfiguration(core: Core, edgeId: string): Promise<NewestConfiguration | undefined> {
  const row = await core.store.db
    .selectFrom('configuration_version')
    .selectAll()
    .where('edge_id', '=', edgeId)
    .orderBy('epoch', 'desc')
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return {
    version: `${row.epoch}.${row.sequence}`,
    signed: { payload: row.payload, signature: row.signature, keyId: row.key_id },
  };
}

export async function noteConfirmed(core: Core, edgeId: string, version: string): Promise<void> {
  await core.store.db
    .updateTable('edge')
    .set({ confirmed_version: version, returned_version: null, returned_at: null, configuration_error: null })
    .where('id', '=', edgeId)
    .execute();
  await core.network.reload();
}

export async function noteReturned(core: Core, edgeId: string, version: string, error: string): Promise<void> {
  await core.store.db
    .updateTable('edge')
    .set({ returned_version: version, returned_at: core.now(), configuration_error: error.slice(0, 500) })
    .where('id', '=', edgeId)
    .execute();
  await core.network.reload();
}
