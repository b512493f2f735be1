/** Policy rules (RTM_NEWRULE, RTM_DELRULE, RTM_GETRULE): which table a packet is looked up in. */

import { type Family, formatPrefix, type Prefix } from '@patronus/net';
import { addressFamily } from '../socketAddress.ts';
import {
  attributeText,
  attributeU32,
  decodeAttributes,
  NetlinkBody,
  type NetlinkMessage,
  NLM_F_CREATE,
  NLM_F_EXCL,
} from './codec.ts';
import { familyOf, readPrefix } from './routes.ts';
import type { NetlinkSocket } from './socket.ts';

const RTM_NEWRULE = 32;
const RTM_DELRULE = 33;
const RTM_GETRULE = 34;

const FRA_DST = 1;
const FRA_SRC = 2;
const FRA_IIFNAME = 3;
const FRA_PRIORITY = 6;
const FRA_FWMARK = 10;
const FRA_SUPPRESS_PREFIXLEN = 14;
const FRA_TABLE = 15;
const FRA_FWMASK = 16;
const FRA_OIFNAME = 17;
const FRA_PROTOCOL = 21;
const RULE_HEADER = 12;
const FIB_RULE_INVERT = 2;
const NO_SUPPRESSION = 0xffff_ffff;

/** By kernel number (fib_rules.h); gaps are kinds we never make. */
const actions = { lookup: 1, blackhole: 6, unreachable: 7, prohibit: 8 } as const;
export type RuleAction = keyof typeof actions;

export interface Rule {
  readonly family: Family;
  /** Lower is asked first. */
  readonly priority: number;
  readonly action: RuleAction;
  /** For `lookup`. */
  readonly table?: number;
  readonly mark?: { readonly value: number; readonly mask: number };
  readonly from?: Prefix;
  readonly to?: Prefix;
  readonly inputInterface?: string;
  /** Only sockets bound to this interface. */
  readonly outputInterface?: string;
  /** Ignore routes of this prefix length or shorter: 0 hides the table's default route. */
  readonly suppressPrefixLength?: number;
  /** Everything that does not match. */
  readonly invert?: boolean;
  /** Who made it, as for routes. */
  readonly protocol?: number;
}

export class LinuxRules {
  readonly #socket: NetlinkSocket;

  constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  /** In the order in which the kernel asks them. */
  list(family?: Family): Rule[] {
    const families: readonly Family[] = family === undefined ? [4, 6] : [family];
    return families.flatMap((each) => {
      const body = new NetlinkBody().u8(addressFamily(each)).u8(0).u16(0).u32(0).u32(0).bytes();
      const messages = this.#socket.dump(RTM_GETRULE, body, `list the IPv${each} rules`);
      return messages.map(decodeRule).filter((rule) => rule !== undefined);
    });
  }

  /** Adds a rule; false when one exactly like it is there already. */
  add(rule: Rule): boolean {
    return this.#change(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, rule, 'add', 'EEXIST');
  }

  /** Removes the first rule that has everything this one says; false when there is none. */
  remove(rule: Rule): boolean {
    return this.#change(RTM_DELRULE, 0, rule, 'remove', 'ENOENT');
  }

  #change(type: number, flags: number, rule: Rule, verb: string, already: string): boolean {
    const about = `${verb} the IPv${rule.family} rule ${describe(rule)}`;
    const [error] = this.#socket.requestEach([{ type, flags, body: encodeRule(rule), about }]);
    if (error === undefined) return true;
    if (error.code === already) return false;
    throw error;
  }
}

function describe(rule: Rule): string {
  const parts = [`${rule.priority}:`];
  if (rule.from !== undefined) parts.push(`from ${formatPrefix(rule.from)}`);
  if (rule.mark !== undefined) parts.push(`fwmark 0x${rule.mark.value.toString(16)}/0x${rule.mark.mask.toString(16)}`);
  parts.push(rule.action, rule.table === undefined ? '' : String(rule.table));
  return parts.join(' ').trim();
}

/** `struct fib_rule_hdr` and its attributes. */
export function encodeRule(rule: Rule): Uint8Array<ArrayBuffer> {
  const body = new NetlinkBody()
    .u8(addressFamily(rule.family))
    .u8(rule.to?.length ?? 0)
    .u8(rule.from?.length ?? 0)
    .u8(0)
    // Tables above 255 go in the attribute, for which this says unspecified.
    .u8(0)
    .u16(0)
    .u8(actions[rule.action])
    .u32(rule.invert === true ? FIB_RULE_INVERT : 0)
    .attributeU32(FRA_PRIORITY, rule.priority);
  if (rule.table !== undefined) body.attributeU32(FRA_TABLE, rule.table);
  if (rule.mark !== undefined) body.attributeU32(FRA_FWMARK, rule.mark.value).attributeU32(FRA_FWMASK, rule.mark.mask);
  if (rule.from !== undefined) body.attribute(FRA_SRC, rule.from.bytes);
  if (rule.to !== undefined) body.attribute(FRA_DST, rule.to.bytes);
  if (rule.inputInterface !== undefined) body.attributeText(FRA_IIFNAME, rule.inputInterface);
  if (rule.outputInterface !== undefined) body.attributeText(FRA_OIFNAME, rule.outputInterface);
  if (rule.suppressPrefixLength !== undefined) body.attributeU32(FRA_SUPPRESS_PREFIXLEN, rule.suppressPrefixLength);
  if (rule.protocol !== undefined) body.attributeU8(FRA_PROTOCOL, rule.protocol);
  return body.bytes();
}

/** Reads RTM_NEWRULE; undefined for another message, an action we never make, or what cannot be read. */
export function decodeRule({ type, body }: NetlinkMessage): Rule | undefined {
  if ((type !== RTM_NEWRULE && type !== RTM_DELRULE) || body.length < RULE_HEADER) return undefined;
  const attributes = decodeAttributes(body, RULE_HEADER);
  const family = familyOf(body[0]!);
  const action = (Object.keys(actions) as RuleAction[]).find((name) => actions[name] === body[7]);
  if (attributes === undefined || family === undefined || action === undefined) return undefined;
  const flags = new DataView(body.buffer, body.byteOffset, body.length).getUint32(8, true);
  const [to, from] = [
    readSelector(family, attributes.get(FRA_DST), body[1]!),
    readSelector(family, attributes.get(FRA_SRC), body[2]!),
  ];
  const mark = attributeU32(attributes, FRA_FWMARK);
  const suppress = attributeU32(attributes, FRA_SUPPRESS_PREFIXLEN) ?? NO_SUPPRESSION;
  return defined({
    family,
    priority: attributeU32(attributes, FRA_PRIORITY) ?? 0,
    action,
    table: action === 'lookup' ? (attributeU32(attributes, FRA_TABLE) ?? body[4]!) : undefined,
    mark: mark === undefined ? undefined : { value: mark, mask: attributeU32(attributes, FRA_FWMASK) ?? 0xffff_ffff },
    from,
    to,
    inputInterface: attributeText(attributes, FRA_IIFNAME),
    outputInterface: attributeText(attributes, FRA_OIFNAME),
    suppressPrefixLength: suppress === NO_SUPPRESSION ? undefined : suppress,
    invert: (flags & FIB_RULE_INVERT) === 0 ? undefined : true,
    protocol: attributes.get(FRA_PROTOCOL)?.[0] || undefined,
  });
}

function readSelector(family: Family, bytes: Uint8Array | undefined, length: number): Prefix | undefined {
  return bytes === undefined ? undefined : readPrefix(family, bytes, length);
}

/** Leaves out what is undefined, so that rules can be compared field by field. */
function defined(rule: { [Key in keyof Rule]: Rule[Key] | undefined }): Rule {
  return Object.fromEntries(Object.entries(rule).filter(([, value]) => value !== undefined)) as unknown as Rule;
}
