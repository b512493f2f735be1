/**
 * Applications: a catalogue of well-known ones, and how flows are recognised as theirs: by port, by prefix, by what DNS
 * answers say of addresses, and by the name in the client hello of TLS and QUIC. Pure calculation; ciphers and the time
 * come in as arguments.
 *
 * Refuses to decrypt anything but what every observer can (QUIC Initials), to keep packets, and to guess from patterns.
 * Standards: RFC 8446 §4.1.2, §5.1; 6066 §3; 9000 §14, §16, §17.2.2, §19; 9001 §5.2–5.4; 9369; 1035 §4; 3596.
 */
export type { Application, PortRange } from './application.ts';
export { ApplicationSet, MOST_APPLICATIONS } from './applicationSet.ts';
export { catalogue } from './catalogue/catalogue.ts';
export { ApplicationMatcher, type ApplicationNumbers, NO_APPLICATIONS } from './matcher.ts';
export { canonicalName, LONGEST_NAME } from './names.ts';
export { AddressNames, type LearntAddress } from './recognise/addressNames.ts';
export { Verdict } from './recognise/clientHello.ts';
export { DnsAnswerReader } from './recognise/dnsAnswer.ts';
export { FlowNames, NO_TICKET } from './recognise/flowNames.ts';
export type { QuicCrypto } from './recognise/quicKeys.ts';
export { Recogniser, type ServerEnd } from './recogniser.ts';
