/** Failures that a person is told of: what happened, to what, and what to do. The code is stable. */

export const exitCodes = { failed: 1, usage: 2, refused: 3, unreachable: 4, notPermitted: 5, damaged: 6 } as const;

export class EdgeError extends Error {
  override readonly name = 'EdgeError';
  readonly code: string;
  readonly exitCode: number;

  constructor(code: string, message: string, exitCode: number = exitCodes.failed) {
    super(message);
    this.code = code;
    this.exitCode = exitCode;
  }
}

/** The message of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  // Node wraps the failures of several addresses of one name, with an empty message of its own.
  if (thrown instanceof AggregateError && thrown.errors.length > 0) return messageOf(thrown.errors[0]);
  return thrown instanceof Error ? thrown.message : String(thrown);
}
