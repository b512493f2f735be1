/** What types of BGP have in common: policies, sessions and their states. */
import { type BgpPolicy, compact } from '@patronus/fabric';
import type { BgpSessionTelemetry } from '@patronus/protocol';
import type { Since } from '../edges/said.ts';
import { builder } from './builder.ts';

export const bgpPolicyRef = builder.objectRef<BgpPolicy>('BgpPolicy');
bgpPolicyRef.implement({
  description: 'What passes in one direction, and what it gets on its way.',
  fields: (t) => ({
    everything: t.boolean({ resolve: ({ prefixes }) => prefixes === null }),
    prefixes: t.stringList({
      description: '`10.0.0.0/8-24`: with what lies inside, up to that length.',
      resolve: ({ prefixes }) => (prefixes ?? []).map(compact),
    }),
    communities: t.stringList({ resolve: ({ communities }) => [...communities] }),
    localPreference: t.float({ nullable: true, resolve: ({ localPreference }) => localPreference }),
  }),
});

const state = builder.enumType('BgpState', {
  description: 'RFC 4271 §8.2.2.',
  values: {
    IDLE: { value: 'idle' },
    CONNECT: { value: 'connect' },
    ACTIVE: { value: 'active' },
    OPEN_SENT: { value: 'openSent' },
    OPEN_CONFIRM: { value: 'openConfirm' },
    ESTABLISHED: { value: 'established' },
  } as const,
});

export const bgpSessionRef = builder.objectRef<BgpSessionTelemetry & Since>('BgpSession');
bgpSessionRef.implement({
  fields: (t) => ({
    state: t.field({ type: state, resolve: (session) => session.state }),
    since: t.field({ type: 'DateTime', description: 'When it came into its state.', resolve: ({ since }) => since }),
    received: t.exposeFloat('received', { description: 'Prefixes, now.' }),
    accepted: t.exposeFloat('accepted', { description: 'Of those received, what policy and allowances let in.' }),
    advertised: t.exposeFloat('advertised'),
    flaps: t.exposeFloat('flaps', { description: "Times it was established and ended, since its gateway's start." }),
    lastError: t.exposeString('lastError', {
      nullable: true,
      description: 'Why it last went down and, while it is down, what has kept it down since, in words.',
    }),
    refusal: t.exposeString('refusal', { nullable: true, description: 'A prefix that is refused, and why.' }),
  }),
});
