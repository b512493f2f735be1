import type { ReactNode } from 'react';
import { formatInterval } from '../format/quality.ts';
import type { BfdState } from '../queries/graphql.ts';
import type { Column } from './data-table.tsx';
import { bfdLooks, State } from './state.tsx';

export interface BfdSession {
  readonly id: string;
  readonly state: BfdState;
  readonly remoteState: BfdState;
  readonly diagnostic: number;
  readonly diagnosticText: string;
  readonly remoteDiagnostic: number;
  readonly remoteDiagnosticText: string;
  readonly transmitIntervalMs: number;
  readonly detectionTimeMs: number;
  readonly downs: number;
  readonly localDiscriminator: number;
  readonly remoteDiscriminator: number;
}

/** What every table of BFD sessions tells (RFC 5880 §6.8.1). */
export function bfdColumns<Session extends BfdSession>(): readonly Column<Session>[] {
  return [
    {
      id: 'state',
      header: 'State',
      sort: ({ state }) => state,
      cell: (session) => <State look={bfdLooks[session.state]} note={discriminators(session)} />,
    },
    {
      id: 'remote',
      header: 'Other end says',
      sort: ({ remoteState }) => remoteState,
      cell: ({ remoteState }) => <State look={bfdLooks[remoteState]} />,
    },
    {
      id: 'diagnostic',
      header: 'Last went down because',
      className: 'wrap',
      cell: (session) => <Diagnostics session={session} />,
    },
    {
      id: 'interval',
      header: 'Interval',
      align: 'end',
      sort: ({ transmitIntervalMs }) => transmitIntervalMs,
      cell: ({ transmitIntervalMs }) => formatInterval(transmitIntervalMs),
    },
    {
      id: 'detection',
      header: 'Detection time',
      align: 'end',
      sort: ({ detectionTimeMs }) => detectionTimeMs,
      cell: ({ detectionTimeMs }) => formatInterval(detectionTimeMs),
    },
    { id: 'downs', header: 'Downs', align: 'end', sort: ({ downs }) => downs, cell: ({ downs }) => downs },
  ];
}

/** Both ends' diagnostics, where there is one; the remote end's only when it says something else. */
function Diagnostics({ session }: { session: BfdSession }): ReactNode {
  const { diagnostic, diagnosticText, remoteDiagnostic, remoteDiagnosticText } = session;
  if (diagnostic === 0 && remoteDiagnostic === 0) return <span className="muted">never</span>;
  return (
    <>
      {diagnostic === 0 ? <span className="muted">nothing here</span> : diagnosticText}
      {remoteDiagnostic !== 0 && remoteDiagnostic !== diagnostic && (
        <span className="second">other end: {remoteDiagnosticText}</span>
      )}
    </>
  );
}

function discriminators({ localDiscriminator, remoteDiscriminator }: BfdSession): string {
  const hex = (discriminator: number) => discriminator.toString(16).padStart(8, '0');
  return `Discriminators: ours ${hex(localDiscriminator)}, theirs ${hex(remoteDiscriminator)}`;
}
