import type { Point } from '../../topology/layout.ts';
import type { MapSite } from '../../topology/model.ts';
import { siteLooks } from '../state.tsx';
import { pressable } from './press.ts';

interface SiteNodeProps {
  readonly site: MapSite;
  readonly place: Point;
  readonly isSelected: boolean;
  readonly isDim: boolean;
  readonly onSelect: () => void;
  readonly onHover: (isOver: boolean) => void;
}

const radius = 24;

/** A site on the map: its sign and colour tell its state, the plate below its name and tunnels. */
export function SiteNode({ site, place, isSelected, isDim, onSelect, onHover }: SiteNodeProps) {
  const { tone, label, icon: Icon } = siteLooks[site.state];
  const note = site.state === 'PENDING' ? label : `${site.tunnelCounts.up} of ${site.tunnelCounts.total} tunnels up`;
  const width = Math.max(site.name.length * 7.6, note.length * 5.6) + 22;
  return (
    <g
      className="site-node"
      data-testid={`site-node-${site.name}`}
      data-state={site.state}
      data-tone={tone}
      data-selected={isSelected}
      data-dim={isDim}
      aria-label={`Site ${site.name}: ${label}, ${note}`}
      transform={`translate(${place.x} ${place.y})`}
      onPointerEnter={() => onHover(true)}
      onPointerLeave={() => onHover(false)}
      {...pressable(onSelect)}
    >
      <circle className="halo" r={radius + 9} />
      <circle className="body" r={radius} />
      <g className="glyph" transform="translate(-10 -10)">
        <Icon size={20} stroke={2.2} />
      </g>
      <rect className="plate" x={-width / 2} y={radius + 10} width={width} height={38} rx={8} />
      <text className="name" y={radius + 26} textAnchor="middle">
        {site.name}
      </text>
      <text className="note" y={radius + 41} textAnchor="middle">
        {note}
      </text>
    </g>
  );
}
