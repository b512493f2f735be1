import { formatRate } from '../../format/rate.ts';
import type { Curve } from '../../topology/curves.ts';
import { isActive, type MapTunnel, tunnelTitle, uplinkNames } from '../../topology/model.ts';
import { tunnelLooks } from '../state.tsx';
import { pressable } from './press.ts';

interface TunnelLineProps {
  readonly tunnel: MapTunnel;
  readonly curve: Curve;
  readonly isSelected: boolean;
  readonly isDim: boolean;
  readonly onSelect: () => void;
  readonly onHover: (isOver: boolean) => void;
}

/** Slower than this, nothing is seen to flow. */
const flowingBitsPerSecond = 1_000;

/** One tunnel: its stroke tells its state, dots run along it while it carries traffic. */
export function TunnelLine({ tunnel, curve, isSelected, isDim, onSelect, onHover }: TunnelLineProps) {
  const look = tunnelLooks[tunnel.state];
  const total = tunnel.aToBBitsPerSecond + tunnel.bToABitsPerSecond;
  const isFlowing = tunnel.state === 'UP' && total > flowingBitsPerSecond;
  const runsToA = tunnel.bToABitsPerSecond > tunnel.aToBBitsPerSecond;
  return (
    <g
      className="tunnel"
      data-testid={`tunnel-line-${tunnel.id}`}
      data-state={tunnel.state}
      data-tone={look.tone}
      data-active={isActive(tunnel)}
      data-selected={isSelected}
      data-dim={isDim}
      aria-label={`Tunnel ${tunnelTitle(tunnel)}: ${look.label}, ${formatRate(total)}`}
      onPointerEnter={() => onHover(true)}
      onPointerLeave={() => onHover(false)}
      {...pressable(onSelect)}
    >
      <path className="tunnel-hit" d={curve.path} />
      <path className="tunnel-stroke" d={curve.path} />
      {isFlowing && <path className="tunnel-flow" d={curve.path} data-reverse={runsToA === curve.fromA} />}
      <Label tunnel={tunnel} curve={curve} />
    </g>
  );
}

/** Estimated, as measuring text needs a layout: wide enough for the letters of common fonts at this size. */
const letterWidth = 5.7;

function Label({ tunnel, curve }: { tunnel: MapTunnel; curve: Curve }) {
  // Read from left to right, whichever end that is.
  const text = uplinkNames(tunnel, curve.fromA === curve.runsRight);
  const hasSign = tunnel.state !== 'UP';
  const width = text.length * letterWidth + (hasSign ? 30 : 16);
  return (
    <g className="tunnel-label" transform={`translate(${curve.label.x} ${curve.label.y})`}>
      <rect x={-width / 2} y={-9} width={width} height={18} rx={9} />
      {hasSign && (
        <g transform={`translate(${-width / 2 + 13} 0)`}>
          <path className="tunnel-sign" d={signs[tunnel.state]} />
        </g>
      )}
      <text x={hasSign ? 7 : 0} y={3.6} textAnchor="middle">
        {text}
      </text>
    </g>
  );
}

/** A cross, three dots, a question: the state without its colour. */
const signs = {
  UP: '',
  DOWN: 'M-3-3 3 3M3-3-3 3',
  CONNECTING: 'M-4 0h0M0 0h0M4 0h0',
  UNKNOWN: 'M-2.2-2.2a2.3 2.3 0 1 1 3 2.2Q0 .6 0 1.4M0 4h0',
} as const;
