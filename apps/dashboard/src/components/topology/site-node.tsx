import type { Place } from '../../topology/layout.ts';
import type { MapSite } from '../../topology/model.ts';
import { siteLooks } from '../state.tsx';
import { pressable } from './press.ts';

interface SiteNodeProps {
  readonly site: MapSite;
  readonly place: Place;
  readonly isSelected: boolean;
  readonly isDim: boolean;
  readonly onSelect: () => void;
  readonly onHover: (isOver: boolean) => void;
}

const radius = 24;
const plateHeight = 38;
const gap = 13;

/** The corner of a plate `width` wide, seen from the site's middle. */
function plateAt(side: Place['side'], width: number) {
  const beside = radius + gap;
  return {
    above: { x: -width / 2, y: -beside - plateHeight },
    below: { x: -width / 2, y: beside },
    left: { x: -beside - width, y: -plateHeight / 2 },
    right: { x: beside, y: -plateHeight / 2 },
  }[side];
}

/** A site on the map: its sign and colour tell its state, the plate below its name and tunnels. */
export function SiteNode({ site, place, isSelected, isDim, onSelect, onHover }: SiteNodeProps) {
  const { tone, label, icon: Icon } = siteLooks[site.state];
  const note = site.state === 'PENDING' ? label : `${site.tunnelCounts.up} of ${site.tunnelCounts.total} tunnels up`;
  const width = Math.max(site.name.length * 7.6, note.length * 5.6) + 22;
  const plate = plateAt(place.side, width);
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
      <g transform={`translate(${plate.x} ${plate.y})`}>
        <rect className="plate" width={width} height={plateHeight} rx={8} />
        <text className="name" x={width / 2} y={16} textAnchor="middle">
          {site.name}
        </text>
        <text className="note" x={width / 2} y={30.5} textAnchor="middle">
          {note}
        </text>
      </g>
    </g>
  );
}
