/** Every step from an empty file to today's schema, in order. A step that has been released is never edited. */
import { type Kysely, sql } from 'kysely';
import type { Migration, MigrationProvider } from 'kysely/migration';

const first = [
  `create table setting (organisation text not null, key text not null, value text not null, primary key (organisation, key))`,
  `create table "user" (id text primary key, organisation text not null, name text not null, email text not null,
     role text not null, password_hash text not null, disabled integer not null default 0, created_at bigint not null)`,
  `create unique index user_email on "user" (organisation, lower(email))`,
  `create table session (secret_hash text primary key, organisation text not null,
     user_id text not null references "user" (id) on delete cascade, created_at bigint not null, expires_at bigint not null)`,
  `create table site (id text primary key, organisation text not null, name text not null, description text not null,
     location text not null, created_at bigint not null, revision integer not null)`,
  `create unique index site_name on site (organisation, lower(name))`,
  `create table site_prefix (organisation text not null, site_id text not null references site (id) on delete cascade,
     segment integer not null, prefix text not null, position integer not null, primary key (site_id, segment, prefix))`,
  `create table edge (id text primary key, organisation text not null,
     site_id text not null references site (id) on delete cascade, name text not null, overlay_address text not null,
     state text not null, certificate_serial text, certificate_expires_at bigint, software_version text,
     last_seen_at bigint, continuation_accepted text, continuation_offered text, confirmed_version text,
     returned_version text, returned_at bigint, configuration_error text, enrolled_at bigint)`,
  `create unique index edge_overlay_address on edge (organisation, overlay_address)`,
  `create table uplink (id text primary key, organisation text not null,
     edge_id text not null references edge (id) on delete cascade, position integer not null, label text not null,
     interface text not null, domain text not null, cost integer not null, port integer not null,
     public_endpoints text not null, reported_endpoints text not null, public_key text, state text)`,
  `create table peer (id text primary key, organisation text not null,
     site_id text not null references site (id) on delete cascade,
     uplink_id text not null references uplink (id), name text not null, public_key text not null,
     preshared_key text, address text not null, created_at bigint not null)`,
  `create unique index peer_address on peer (organisation, address)`,
  `create table enrolment_token (id text primary key, organisation text not null,
     site_id text not null references site (id) on delete cascade, secret_hash text not null unique,
     created_at bigint not null, expires_at bigint not null, used_at bigint, epoch integer not null)`,
  `create table configuration_version (organisation text not null, edge_id text not null, epoch integer not null,
     sequence integer not null, content_hash text not null, payload text not null, signature text not null,
     key_id text not null, created_at bigint not null, primary key (edge_id, epoch, sequence))`,
  `create table alarm (id text primary key, organisation text not null, key text not null, code text not null,
     severity text not null, message text not null, site_id text references site (id) on delete set null,
     raised_at bigint not null, cleared_at bigint, acknowledged_at bigint)`,
  `create table audit (organisation text not null, number bigint not null, at bigint not null, actor text not null,
     action text not null, subject text not null, outcome text not null, source_address text,
     previous_hash text not null, hash text not null, signature text not null, primary key (organisation, number))`,
];

const trafficClasses = [
  `create table traffic_class (id text primary key, organisation text not null, position integer not null,
     name text not null, match text not null, compression_level integer, acknowledged_by text, acknowledged_at bigint,
     revision integer not null, created_at bigint not null)`,
  `create unique index traffic_class_name on traffic_class (organisation, lower(name))`,
  `alter table uplink add column bits_per_second bigint`,
];

const policies = [
  `alter table traffic_class rename to policy`,
  `drop index traffic_class_name`,
  `create unique index policy_name on policy (organisation, lower(name))`,
];

const treatments = [
  `alter table policy add column action text not null default 'allow'`,
  `alter table policy add column breakout_labels text not null default '[]'`,
  `alter table policy add column sla_class_id text`,
  `alter table policy add column path text not null default '{"mode":"cheapest"}'`,
  `alter table policy add column priority text not null default 'normal'`,
  `alter table policy add column limit_percent integer`,
  `alter table policy add column mark integer`,
  `create table sla_class (id text primary key, organisation text not null, name text not null,
     round_trip_ms double precision, jitter_ms double precision, loss double precision, mos double precision,
     revision integer not null, created_at bigint not null)`,
  `create unique index sla_class_name on sla_class (organisation, lower(name))`,
  `create table application (id text primary key, organisation text not null, name text not null,
     ports text not null, prefixes text not null, names text not null, revision integer not null,
     created_at bigint not null)`,
  `create unique index application_name on application (organisation, lower(name))`,
  `alter table uplink add column is_drained integer not null default 0`,
  `alter table site add column reach_probe text`,
];

const bfdPeers = [
  `create table bfd_peer (id text primary key, organisation text not null,
     edge_id text not null references edge (id) on delete cascade, address text not null, interface text,
     interval_ms integer not null, multiplier integer not null, is_passive integer not null,
     authentication_type text, authentication_key_id integer, authentication_key text, created_at bigint not null)`,
];

/** Policies are JSON (`BgpPolicy` of @patronus/fabric); null: nothing passes. */
const bgp = [
  `create table bgp_neighbour (id text primary key, organisation text not null,
     edge_id text not null references edge (id) on delete cascade, name text not null, address text not null,
     remote_as bigint not null, interface text, key text, is_passive integer not null, hold_seconds integer not null,
     keepalive_seconds integer, max_prefixes integer not null, has_gtsm integer not null, has_bfd integer not null,
     import_policy text, export_policy text, created_at bigint not null)`,
  `create table bgp_allowance (id text primary key, organisation text not null,
     site_id text not null references site (id) on delete cascade, prefix text not null, longest integer not null,
     preference integer, created_at bigint not null)`,
  `alter table site add column is_reflector integer not null default 0`,
];

const probeTargets = [`alter table uplink add column probe_targets text not null default '[]'`];

const bgpRestart = [`alter table bgp_neighbour add column restart_after_seconds integer not null default 300`];

function steps(statements: readonly string[]): Migration {
  return {
    async up(db: Kysely<unknown>) {
      for (const statement of statements) await sql.raw(statement).execute(db);
    },
  };
}

export const migrations: Readonly<Record<string, Migration>> = {
  '0001-first': steps(first),
  '0002-traffic-classes': steps(trafficClasses),
  '0003-policies': steps(policies),
  '0004-treatments': steps(treatments),
  '0005-bfd-peers': steps(bfdPeers),
  '0006-bgp': steps(bgp),
  '0007-probe-targets': steps(probeTargets),
  '0008-bgp-restart': steps(bgpRestart),
};

export const migrationProvider: MigrationProvider = {
  getMigrations: async () => ({ ...migrations }),
};
