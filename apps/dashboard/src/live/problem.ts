/** What a GraphQL error means for the person in front of the screen. */

export interface ErrorLike {
  readonly message: string;
  readonly networkError?: unknown;
  readonly graphQLErrors?: readonly {
    readonly message: string;
    readonly extensions?: Readonly<Record<string, unknown>> | undefined;
  }[];
}

export interface Problem {
  readonly code: string;
  readonly message: string;
  /** Messages by form path, such as `prefixes.0`; empty when the error is not about fields. */
  readonly fields: Readonly<Record<string, string>>;
}

const unreachable =
  'The controller does not answer. Check that it runs and that this machine reaches it, then try again.';

export function problemOf(error: ErrorLike): Problem {
  const first = error.graphQLErrors?.[0];
  if (!first) return { code: 'UNREACHABLE', message: unreachable, fields: {} };
  const code = first.extensions?.code;
  return {
    code: typeof code === 'string' ? code : 'UNKNOWN',
    message: sentence(first.message),
    fields: fieldsOf(first.extensions?.fields),
  };
}

/** The controller writes for logs and command lines, in lower case; on a page a message is a sentence. */
function sentence(message: string): string {
  // Names such as `publicKey` or `10.1.0.0/16` keep their spelling.
  return /^[a-z]+[ ,-]/.test(message) ? message.charAt(0).toUpperCase() + message.slice(1) : message;
}

function formPath(path: string): string {
  return path.replace(/\[(\d+)\]/g, '.$1').replace(/^input\./, '');
}

/** Paths may come as `input.prefixes[0]` or `prefixes.0`; forms know the second. */
function fieldsOf(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).flatMap(([path, message]) =>
      typeof message === 'string' ? [[formPath(path), sentence(message)]] : [],
    ),
  );
}

export function isSignedOut(problem: Problem): boolean {
  return problem.code === 'UNAUTHENTICATED';
}

/**
 * Messages for the fields a form has; `rest` is what no field can show and belongs above the form. A path below a
 * field (`prefixes.1`, for a field that edits the whole list) is shown at that field.
 */
export function spreadOverFields(
  problem: Problem,
  isField: (path: string) => boolean,
): { readonly fields: Readonly<Record<string, string>>; readonly rest: string | null } {
  const fields: Record<string, string> = {};
  const stray: string[] = [];
  for (const [path, message] of Object.entries(problem.fields)) {
    const owner = ancestors(path).find(isField);
    if (owner === undefined) stray.push(message);
    else fields[owner] = fields[owner] ? `${fields[owner]} ${message}` : message;
  }
  if (stray.length > 0) return { fields, rest: stray.join(' ') };
  return { fields, rest: Object.keys(fields).length > 0 ? null : problem.message };
}

function ancestors(path: string): readonly string[] {
  const parts = path.split('.');
  return parts.map((_, index) => parts.slice(0, parts.length - index).join('.'));
}
