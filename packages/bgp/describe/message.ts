/** Whole messages as plain values for people and programs: what they say, or the verdict that follows from them. */
import { toHex } from '@patronus/wire';
import type { Complaint } from '../codec/attributes/scan.ts';
import { Verdict } from '../codec/attributes/table.ts';
import { type Capability, capabilityCodecs } from '../codec/capabilities.ts';
import { type MessageError, messageError, Notice, noticeName } from '../codec/errors.ts';
import { familyName, IPV4_UNICAST } from '../codec/families.ts';
import { HEADER_LENGTH, MessageType, readHeader } from '../codec/header.ts';
import { decodeNotification } from '../codec/notification.ts';
import { decodeOpen } from '../codec/open.ts';
import { decodeRouteRefresh } from '../codec/routeRefresh.ts';
import { decodeUpdate, type Negotiated } from '../codec/update.ts';
import { attributeName, describeAttribute, dotted, nextHopText } from './attributes.ts';
import type { Json } from './json.ts';
import { describeNlri } from './nlri.ts';

export interface DescribeOptions extends Negotiated {
  /** Messages may be longer than 4,096 bytes (RFC 8654). */
  readonly isExtended: boolean;
}

export type Description = { readonly [name: string]: Json };

/** RFC 7606 §2's words for the verdicts. */
const verdictNames = ['accept', 'attribute-discard', 'treat-as-withdraw', 'session-reset'] as const;

/** Exactly one message. `verdict` says what becomes of it; a reset comes with code and subcode of its NOTIFICATION. */
export function describeMessage(message: Uint8Array, options: DescribeOptions): Description {
  const header = readHeader(message, 0, message.length, options.isExtended);
  if (header === undefined) {
    return reset(messageError(Notice.badMessageLength, `${message.length} bytes, a header alone has ${HEADER_LENGTH}`));
  }
  if (!header.ok) return reset(header.error);
  const { length, type } = header.value;
  if (length !== message.length) {
    const reason = `the header says ${length} bytes, ${message.length} are there`;
    return reset(messageError(Notice.badMessageLength, reason, message.slice(16, 18)));
  }
  const body = message.subarray(HEADER_LENGTH);
  switch (type) {
    case MessageType.open:
      return describeOpen(body);
    case MessageType.update:
      return describeUpdate(body, options);
    case MessageType.notification:
      return describeNotification(body);
    case MessageType.routeRefresh:
      return describeRouteRefresh(body);
    case MessageType.keepalive:
      return { type: 'keepalive', verdict: 'accept' };
  }
}

function reset(error: MessageError, type?: string): Description {
  const { code, subcode, reason, data } = error;
  return {
    ...(type === undefined ? {} : { type }),
    ...{ verdict: 'session-reset', code, subcode, name: noticeName(code, subcode), reason },
    ...(data.length === 0 ? {} : { data: toHex(data) }),
  };
}

function describeOpen(body: Uint8Array): Description {
  const read = decodeOpen(body);
  if (!read.ok) return reset(read.error, 'open');
  const { version, as, twoOctetAs, holdTime, identifier, capabilities, isExtended } = read.value;
  return {
    ...{ type: 'open', verdict: 'accept', version, as, twoOctetAs, holdTime, identifier: dotted(identifier) },
    ...{ capabilities: capabilities.map(describeCapability), extendedParameters: isExtended },
  };
}

/** Its name and what it holds; families by name. */
export function describeCapability(capability: Capability): Json {
  if (capability.code === 'unknown') return { code: capability.number, value: toHex(capability.value) };
  const { code, ...rest } = capability;
  return { name: capabilityCodecs[code]!.name, code, ...(named(rest) as Description) };
}

/** The same value with each family in words. */
function named(value: unknown): Json {
  if (Array.isArray(value)) return value.map(named);
  if (typeof value !== 'object' || value === null) return value as Json;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, name === 'family' ? familyName(one as number) : named(one)]),
  );
}

function describeUpdate(body: Uint8Array, negotiated: Negotiated): Description {
  const read = decodeUpdate(body, negotiated);
  if (!read.ok) return reset(read.error, 'update');
  const { withdrawn, nlri, attributes, reach, unreach, verdict, complaints, endOfRib } = read.value;
  const worst = complaints.reduce((most, one) => Math.max(most, one.verdict), verdict as number);
  const routes = (family: number, bytes: Uint8Array) => describeNlri(family, bytes, negotiated.addPath.has(family));
  const announced = [
    ...(nlri.length === 0 ? [] : [{ family: familyName(IPV4_UNICAST), routes: routes(IPV4_UNICAST, nlri) }]),
    ...(reach === undefined
      ? []
      : [
          {
            ...{ family: familyName(reach.family), nextHop: nextHopText(reach.nextHop) },
            routes: routes(reach.family, reach.nlri),
          },
        ]),
  ];
  const gone = [
    ...(withdrawn.length === 0 ? [] : [{ family: familyName(IPV4_UNICAST), routes: routes(IPV4_UNICAST, withdrawn) }]),
    ...(unreach === undefined || endOfRib !== undefined
      ? []
      : [{ family: familyName(unreach.family), routes: routes(unreach.family, unreach.nlri) }]),
  ];
  return {
    ...{ type: 'update', verdict: verdictNames[worst]! },
    ...(complaints.length === 0 ? {} : { complaints: complaints.map(describeComplaint) }),
    ...(endOfRib === undefined ? {} : { endOfRib: familyName(endOfRib) }),
    ...{ withdrawn: gone, announced },
    attributes: Object.fromEntries(attributes.map(describeAttribute)),
  };
}

function describeComplaint({ verdict, attribute, clause, reason, notice }: Complaint): Json {
  const [code, subcode] = notice;
  return {
    ...{ verdict: verdictNames[verdict]!, attribute: attribute === null ? null : attributeName(attribute) },
    ...{ clause, reason },
    // What a speaker before RFC 7606 would have ended the session with.
    ...(verdict === Verdict.accept ? {} : { code, subcode }),
  };
}

function describeNotification(body: Uint8Array): Description {
  const { code, subcode, data, communication } = decodeNotification(body);
  return {
    ...{ type: 'notification', verdict: 'accept', code, subcode, name: noticeName(code, subcode) },
    ...(communication === null ? {} : { communication }),
    ...(data.length === 0 ? {} : { data: toHex(data) }),
  };
}

function describeRouteRefresh(body: Uint8Array): Description {
  const read = decodeRouteRefresh(body);
  if (!read.ok) return reset(read.error, 'route-refresh');
  return {
    type: 'route-refresh',
    verdict: 'accept',
    family: familyName(read.value.family),
    kind: read.value.kind,
  };
}
