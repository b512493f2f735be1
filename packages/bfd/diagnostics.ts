/** Diagnostic codes (RFC 5880 §4.1): why a session last changed its state. */
export const Diagnostic = {
  none: 0,
  controlDetectionTimeExpired: 1,
  echoFunctionFailed: 2,
  neighbourSignalledDown: 3,
  forwardingPlaneReset: 4,
  pathDown: 5,
  concatenatedPathDown: 6,
  administrativelyDown: 7,
  reverseConcatenatedPathDown: 8,
} as const;
export type Diagnostic = (typeof Diagnostic)[keyof typeof Diagnostic];

const words = [
  'no diagnostic',
  'control detection time expired',
  'echo function failed',
  'neighbour signalled session down',
  'forwarding plane reset',
  'path down',
  'concatenated path down',
  'administratively down',
  'reverse concatenated path down',
] as const;

/** The code in the RFC's words; codes to come (9…31) by their number. */
export function describeDiagnostic(code: number): string {
  return words[code] ?? `diagnostic ${code}`;
}
