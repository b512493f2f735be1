/** Exit codes of every `patronus lab` command; scripts may rely on them. */
export const exitCodes = { ok: 0, failed: 1, usage: 2, needsRoot: 3, notUp: 4, alreadyUp: 5 } as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** A fault of the lab that a person can do something about: what happened, to what, and what to do. */
export class LabError extends Error {
  /** Stable, machine-readable, e.g. `lab.unknown_site`. */
  readonly code: string;
  readonly exitCode: ExitCode;

  constructor(code: string, message: string, exitCode: ExitCode = exitCodes.failed) {
    super(message);
    this.name = 'LabError';
    this.code = code;
    this.exitCode = exitCode;
  }
}

/** What crosses the control socket in place of an exception. */
export interface ErrorReport {
  readonly code: string;
  readonly message: string;
  readonly exitCode: number;
}

/** Turns anything thrown into a report; what is not a LabError is a fault of ours and says so. */
export function errorReport(error: unknown): ErrorReport {
  if (error instanceof LabError) return { code: error.code, message: error.message, exitCode: error.exitCode };
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'lab.internal', message, exitCode: exitCodes.failed };
}
