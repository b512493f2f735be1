/**
 * The frame every service runs in: permission, validation, one transaction with its audit row and the configurations
 * that follow from it, then word of the change. A refusal leaves an audit row of its own.
 */
import type { z } from 'zod';
import type { Core } from '../core.ts';
import { publish } from '../network/publish.ts';
import type { Tables, Transaction } from '../store/tables.ts';
import { transact } from '../store/transaction.ts';
import type { Actor } from './actor.ts';
import { appendAudit } from './audit.ts';
import type { Topic } from './changes.ts';
import { refusalOf, ServiceError } from './error.ts';
import { type Action, mayDo } from './permissions.ts';

/** Who asks, and from where. */
export interface Caller {
  readonly actor: Actor;
  readonly sourceAddress: string | null;
}

export interface Work<Prepared> extends Caller {
  readonly core: Core;
  readonly organisation: string;
  readonly trx: Transaction<Tables>;
  /** ms since 1970, the same throughout. */
  readonly now: number;
  readonly prepared: Prepared;
  /** Says what the audit row is about, once it is known better than from the input. */
  about(subject: string): void;
  /** Under whose name the audit row is written, once that is known better. */
  actAs(name: string): void;
}

export interface Verb<Input, Output, Prepared = undefined> {
  readonly action: Action;
  readonly input: z.ZodType<Input>;
  readonly changes: readonly Topic[];
  /** Its effect may reach edges: check, compile and publish in the same transaction. */
  readonly touchesFabric?: boolean;
  /** What it is about, as far as the input tells; never a secret. */
  subject(input: Input): string;
  /** What takes long and needs no transaction, such as hashing a password. */
  prepare?(core: Core, input: Input, caller: Caller): Promise<Prepared>;
  run(work: Work<Prepared>, input: Input): Promise<Output>;
}

export async function perform<Input, Output, Prepared>(
  core: Core,
  caller: Caller,
  verb: Verb<Input, Output, Prepared>,
  raw: unknown,
): Promise<Output> {
  let subject = '';
  let actorName = caller.actor.name;
  try {
    requirePermission(caller.actor, verb.action);
    const input = validate(verb.input, raw);
    subject = verb.subject(input);
    const prepared = (await verb.prepare?.(core, input, caller)) as Prepared;
    const now = core.now();
    const output = await transact(core.store.db, async (trx) => {
      const result = await verb.run(
        {
          ...caller,
          core,
          organisation: core.organisation,
          trx,
          now,
          prepared,
          about: (text) => {
            subject = text;
          },
          actAs: (name) => {
            actorName = name;
          },
        },
        input,
      );
      if (verb.touchesFabric === true) await publishIn(core, trx);
      await writeAudit(core, trx, caller, actorName, verb.action, subject, 'OK');
      return result;
    });
    if (verb.touchesFabric === true) await core.network.reload();
    for (const topic of verb.changes) core.changes.announce(topic);
    if (verb.touchesFabric === true) core.changes.announce('configurations');
    core.changes.announce('audit');
    return output;
  } catch (cause) {
    const refusal = refusalOf(cause);
    if (refusal !== undefined) await recordRefusal(core, caller, actorName, verb.action, subject, refusal.code);
    throw refusal ?? cause;
  }
}

/** A stranger must not be able to fill the disk, and a full one takes no rows. */
async function recordRefusal(
  core: Core,
  caller: Caller,
  actor: string,
  action: Action,
  subject: string,
  code: string,
): Promise<void> {
  if (code === 'DISK_FULL') return;
  if (caller.actor.role === undefined && !core.refusals.mayRecord(core.now())) return;
  await transact(core.store.db, (trx) => writeAudit(core, trx, caller, actor, action, subject, code));
  core.changes.announce('audit');
}

/** Checks and compiles the network as the transaction sees it. */
export async function publishIn(core: Core, trx: Transaction<Tables>): Promise<string[]> {
  const network = await core.network.read(trx);
  return publish(trx, network, { authority: core.authority, epoch: core.store.epoch, now: core.now });
}

async function writeAudit(
  core: Core,
  db: Parameters<typeof appendAudit>[0],
  caller: Caller,
  actor: string,
  action: Action,
  subject: string,
  outcome: string,
): Promise<void> {
  const { organisation } = core;
  const entry = { organisation, at: core.now(), actor, action, subject, outcome, source_address: caller.sourceAddress };
  await appendAudit(db, core.authority, entry);
}

export function requirePermission(actor: Actor, action: Action): void {
  if (mayDo(actor.role, action)) return;
  if (actor.role === undefined) throw new ServiceError('UNAUTHENTICATED', 'sign in first');
  throw new ServiceError(
    'FORBIDDEN',
    `${actor.name} (${actor.role.toLowerCase()}) may not do this (${action}); ask an administrator`,
  );
}

function validate<Input>(schema: z.ZodType<Input>, raw: unknown): Input {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const fields = Object.fromEntries(parsed.error.issues.map((issue) => [issue.path.join('.'), issue.message]));
  const words = Object.entries(fields).map(([field, message]) => `${field}: ${message}`);
  throw new ServiceError('INVALID_INPUT', words.join('; '), { fields });
}
