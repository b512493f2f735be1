/** How commands fail: an exit code for programs, one sentence for people. */

export const ExitCode = { failed: 1, usage: 2, notAllowed: 3, unreachable: 4 } as const;

export class CliError extends Error {
  readonly exitCode: number;
  /** Stable, from the controller where it refused; for --json. */
  readonly code: string;

  constructor(message: string, exitCode: number = ExitCode.failed, code = 'FAILED') {
    super(message);
    this.exitCode = exitCode;
    this.code = code;
  }
}
