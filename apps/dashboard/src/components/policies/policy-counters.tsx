import type { EditablePolicy } from '../../policies/draft.ts';
import { formatBytes, formatCount, ratioWords } from '../../policies/words.ts';

export interface PolicyCounts {
  readonly flows: number;
  readonly sentPackets: number;
  readonly sentBytes: number;
  readonly deniedPackets: number;
  readonly compressedBytesBefore: number;
  readonly compressedBytesAfter: number;
  readonly skippedPackets: number;
}

interface PolicyCountersProps extends Pick<EditablePolicy, 'action' | 'compression'> {
  readonly counts: PolicyCounts;
}

/** How often it was the one that matched, over all gateways since their packet paths started. */
export function PolicyCounters({ counts, action, compression }: PolicyCountersProps) {
  const { flows, sentPackets, sentBytes, deniedPackets, compressedBytesBefore, compressedBytesAfter } = counts;
  return (
    <dl className="policy-counters">
      <Counter name="Flows" value={formatCount(flows)} />
      {action === 'DENY' ? (
        <Counter name="Denied" value={formatCount(deniedPackets)} tone={deniedPackets > 0 ? 'down' : undefined} />
      ) : (
        <Counter name="Packets" value={formatCount(sentPackets)} />
      )}
      {action !== 'DENY' && <Counter name="Sent" value={formatBytes(sentBytes)} />}
      {compression && compressedBytesBefore > 0 && (
        <Counter
          name="LZ4"
          value={`to ${ratioWords(compressedBytesBefore, compressedBytesAfter)}`}
          title={`${formatBytes(compressedBytesBefore - compressedBytesAfter)} saved. ${counts.skippedPackets.toLocaleString('en')} packets would not have become smaller.`}
        />
      )}
    </dl>
  );
}

interface CounterProps {
  readonly name: string;
  readonly value: string;
  readonly tone?: 'down' | undefined;
  readonly title?: string;
}

function Counter({ name, value, tone, title }: CounterProps) {
  return (
    <div data-tone={tone} title={title} data-counter={name.toLowerCase()}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
