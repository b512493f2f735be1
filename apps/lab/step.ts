/** One program run with its arguments, as data: a plan of these can be read, printed and tested before it is run. */
export interface Step {
  readonly program: 'ip' | 'nft' | 'tc' | 'ethtool' | 'sysctl';
  readonly args: readonly string[];
  /** Run inside this network namespace; `ip` steps name theirs with -n instead. */
  readonly namespace?: string;
  readonly stdin?: string;
}

export const ip = (...args: string[]): Step => ({ program: 'ip', args });
export const ipIn = (namespace: string, ...args: string[]): Step => ({
  program: 'ip',
  args: ['-n', namespace, ...args],
});
export const inside = (namespace: string, program: Step['program'], ...args: string[]): Step => ({
  program,
  args,
  namespace,
});

/** The whole command as it is executed, without a shell. */
export function commandOf(step: Step): readonly [string, readonly string[]] {
  if (step.namespace === undefined) return [step.program, step.args];
  return ['ip', ['netns', 'exec', step.namespace, step.program, ...step.args]];
}
