/**
 * The rows of the configuration database. Times are ms since 1970; lists are JSON text; truth values are 0 and 1, so
 * that SQLite and PostgreSQL hold the same thing. Every row names its organisation.
 */
import type { BfdAuthentication, PolicyAction, Priority } from '@patronus/fabric';
import type { Kysely, Transaction } from 'kysely';

export interface SettingRow {
  organisation: string;
  key: string;
  value: string;
}

export type RoleName = 'ADMINISTRATOR' | 'OPERATOR' | 'VIEWER';

export interface UserRow {
  id: string;
  organisation: string;
  name: string;
  email: string;
  role: RoleName;
  password_hash: string;
  disabled: number;
  created_at: number;
}

export interface SessionRow {
  /** SHA-256 of the cookie's secret, hex: the secret itself is nowhere on disk. */
  secret_hash: string;
  organisation: string;
  user_id: string;
  created_at: number;
  expires_at: number;
}

export interface SiteRow {
  id: string;
  organisation: string;
  name: string;
  description: string;
  location: string;
  created_at: number;
  revision: number;
  /** A host of its LAN that other edges ask for a sign of life. */
  reach_probe: string | null;
  /** Its edges reflect routes to all others (RFC 4456). */
  is_reflector: number;
}

export interface SitePrefixRow {
  organisation: string;
  site_id: string;
  segment: number;
  prefix: string;
  position: number;
}

export interface EdgeRow {
  id: string;
  organisation: string;
  site_id: string;
  name: string;
  overlay_address: string;
  state: 'pending' | 'enrolled' | 'revoked';
  certificate_serial: string | null;
  certificate_expires_at: number | null;
  software_version: string | null;
  last_seen_at: number | null;
  /** Hash of the continuation secret the edge is known to hold. Both null: any is taken, once. */
  continuation_accepted: string | null;
  /** Hash of the one handed out last, not yet known to have arrived. */
  continuation_offered: string | null;
  /** `epoch.sequence` of the version the edge confirmed. */
  confirmed_version: string | null;
  returned_version: string | null;
  returned_at: number | null;
  configuration_error: string | null;
  enrolled_at: number | null;
}

export interface UplinkRow {
  id: string;
  organisation: string;
  edge_id: string;
  position: number;
  label: string;
  interface: string;
  domain: string;
  cost: number;
  port: number;
  public_endpoints: string;
  reported_endpoints: string;
  public_key: string | null;
  state: 'up' | 'down' | null;
  /** What the line carries at most, if a person said so. */
  bits_per_second: number | null;
  is_drained: number;
  /** Addresses that tell whether the internet is reached, as JSON. */
  probe_targets: string;
}

export interface PeerRow {
  id: string;
  organisation: string;
  site_id: string;
  uplink_id: string;
  name: string;
  public_key: string;
  preshared_key: string | null;
  address: string;
  created_at: number;
}

export interface PolicyRow {
  id: string;
  organisation: string;
  /** 1, 2, 3 … without gaps; 1 is asked first. */
  position: number;
  name: string;
  /** `TrafficMatch` of @patronus/fabric, as JSON. */
  match: string;
  /** 0…16; null: never compressed. */
  compression_level: number | null;
  /** Who knew that lengths may tell what packets hold, and since when. Both null: nobody had to. */
  acknowledged_by: string | null;
  acknowledged_at: number | null;
  revision: number;
  created_at: number;
  action: PolicyAction;
  /** JSON list. */
  breakout_labels: string;
  sla_class_id: string | null;
  /** `PathPreference` of @patronus/fabric, as JSON. */
  path: string;
  priority: Priority;
  limit_percent: number | null;
  mark: number | null;
}

/** A router that one edge runs BFD with. */
export interface BfdPeerRow {
  id: string;
  organisation: string;
  edge_id: string;
  address: string;
  /** null: several hops away. */
  interface: string | null;
  interval_ms: number;
  multiplier: number;
  is_passive: number;
  authentication_type: BfdAuthentication['type'] | null;
  authentication_key_id: number | null;
  /** A secret: read for configurations alone. */
  authentication_key: string | null;
  created_at: number;
}

/** A router that one edge speaks BGP with. */
export interface BgpNeighbourRow {
  id: string;
  organisation: string;
  edge_id: string;
  name: string;
  address: string;
  remote_as: number;
  /** null: several hops away. */
  interface: string | null;
  /** A secret: read for configurations alone. */
  key: string | null;
  is_passive: number;
  hold_seconds: number;
  keepalive_seconds: number | null;
  max_prefixes: number;
  restart_after_seconds: number;
  has_gtsm: number;
  has_bfd: number;
  /** `BgpPolicy` of @patronus/fabric; null: nothing passes. */
  import_policy: string | null;
  export_policy: string | null;
  created_at: number;
}

/** What a site may originate into the fabric. */
export interface BgpAllowanceRow {
  id: string;
  organisation: string;
  site_id: string;
  prefix: string;
  longest: number;
  /** null: this site alone may. */
  preference: number | null;
  created_at: number;
}

export interface SlaClassRow {
  id: string;
  organisation: string;
  name: string;
  round_trip_ms: number | null;
  jitter_ms: number | null;
  /** 0…1. */
  loss: number | null;
  mos: number | null;
  revision: number;
  created_at: number;
}

export interface ApplicationRow {
  id: string;
  organisation: string;
  name: string;
  /** JSON lists, as in `Application` of @patronus/fabric. */
  ports: string;
  prefixes: string;
  names: string;
  revision: number;
  created_at: number;
}

export interface EnrolmentTokenRow {
  id: string;
  organisation: string;
  site_id: string;
  secret_hash: string;
  created_at: number;
  expires_at: number;
  used_at: number | null;
  /** A token of an earlier epoch is void: a restored backup may have forgotten that it was used. */
  epoch: number;
}

export interface ConfigurationVersionRow {
  organisation: string;
  edge_id: string;
  epoch: number;
  sequence: number;
  content_hash: string;
  payload: string;
  signature: string;
  key_id: string;
  created_at: number;
}

export type AlarmSeverityName = 'INFO' | 'WARNING' | 'CRITICAL';

export interface AlarmRow {
  id: string;
  organisation: string;
  /** What it is about; at most one alarm with a key is active. */
  key: string;
  code: string;
  severity: AlarmSeverityName;
  message: string;
  site_id: string | null;
  raised_at: number;
  cleared_at: number | null;
  acknowledged_at: number | null;
}

export interface AuditRow {
  organisation: string;
  /** 1, 2, 3 … without gaps. */
  number: number;
  at: number;
  actor: string;
  action: string;
  subject: string;
  outcome: string;
  source_address: string | null;
  previous_hash: string;
  hash: string;
  /** Ed25519 over the hash, so that the newest row vouches for all before it. */
  signature: string;
}

export interface Tables {
  setting: SettingRow;
  user: UserRow;
  session: SessionRow;
  site: SiteRow;
  site_prefix: SitePrefixRow;
  edge: EdgeRow;
  uplink: UplinkRow;
  peer: PeerRow;
  policy: PolicyRow;
  sla_class: SlaClassRow;
  bfd_peer: BfdPeerRow;
  bgp_neighbour: BgpNeighbourRow;
  bgp_allowance: BgpAllowanceRow;
  application: ApplicationRow;
  enrolment_token: EnrolmentTokenRow;
  configuration_version: ConfigurationVersionRow;
  alarm: AlarmRow;
  audit: AuditRow;
}

/** Kysely over these tables; a transaction is one too. */
export type Queries = Kysely<Tables> | Transaction<Tables>;
export type { Transaction };
