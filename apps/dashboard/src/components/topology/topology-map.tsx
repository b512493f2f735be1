import { ActionIcon, Tooltip } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { IconMinus, IconPlus, IconZoomReset } from '@tabler/icons-react';
import { useMemo, useRef, useState } from 'react';
import { drawCurves } from '../../topology/curves.ts';
import { narrowWidth, placeSites } from '../../topology/layout.ts';
import type { MapSite, MapTunnel, Selection } from '../../topology/model.ts';
import { MapKey } from './map-key.tsx';
import { SiteNode } from './site-node.tsx';
import { TunnelLine } from './tunnel-line.tsx';
import { usePanZoom } from './use-pan-zoom.ts';

interface TopologyMapProps {
  readonly sites: readonly MapSite[];
  readonly tunnels: readonly MapTunnel[];
  readonly selection: Selection;
  readonly onSelect: (selection: Selection) => void;
}

/** Pixels between parallel tunnels, fewer where the map is small. */
function spacingFor(width: number): number {
  return width < narrowWidth ? 26 : 42;
}

/** Sites and every tunnel between them as a drawing that can be zoomed, dragged and walked with the Tab key. */
export function TopologyMap({ sites, tunnels, selection, onSelect }: TopologyMapProps) {
  const { ref, width, height } = useElementSize();
  const svg = useRef<SVGSVGElement>(null);
  const { view, handlers, zoomIn, zoomOut, fit, wasDrag } = usePanZoom(svg);
  const [hovered, setHovered] = useState<Selection>({});
  // Live numbers come twice a second; places and curves change only with what there is and the room for it.
  const shape = JSON.stringify([
    width,
    height,
    sites.map(({ id, name }) => [id, name]),
    tunnels.map(({ id, a, b }) => [id, a.site.id, a.uplink.label, b.site.id, b.uplink.label]),
  ]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `shape` stands for all of it
  const { places, curves } = useMemo(() => {
    const places = placeSites(sites, { width, height });
    const ends = tunnels.map(({ id, a, b }) => ({
      id,
      a: { siteId: a.site.id, uplink: a.uplink.label },
      b: { siteId: b.site.id, uplink: b.uplink.label },
    }));
    return { places, curves: new Map(drawCurves(ends, places, spacingFor(width)).map((curve) => [curve.id, curve])) };
  }, [shape]);
  const focus = hovered.site || hovered.tunnel ? hovered : selection;
  const isNear = nearTo(focus, tunnels);
  const select = (next: Selection) => {
    if (!wasDrag()) onSelect(next);
  };
  return (
    <div className="topology-map">
      <div className="topology-stage" ref={ref}>
        {/* biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be a drawing */}
        <svg
          ref={svg}
          className="map"
          data-narrow={width < narrowWidth}
          data-focus={Boolean(focus.site || focus.tunnel)}
          aria-label="Map of sites and tunnels. The same is in the list view."
          role="group"
          onClick={() => select({})}
          onKeyDown={(event) => event.key === 'Escape' && onSelect({})}
          {...handlers}
        >
          {width > 0 && (
            <g transform={`translate(${view.x} ${view.y}) scale(${view.scale})`}>
              {tunnels.map((tunnel) => {
                const curve = curves.get(tunnel.id);
                return (
                  curve && (
                    <TunnelLine
                      key={tunnel.id}
                      tunnel={tunnel}
                      curve={curve}
                      isSelected={selection.tunnel === tunnel.id}
                      isDim={!isNear.tunnel(tunnel)}
                      onSelect={() => select({ tunnel: tunnel.id })}
                      onHover={(isOver) => setHovered(isOver ? { tunnel: tunnel.id } : {})}
                    />
                  )
                );
              })}
              {sites.map((site) => {
                const place = places.get(site.id);
                return (
                  place && (
                    <SiteNode
                      key={site.id}
                      site={site}
                      place={place}
                      isSelected={selection.site === site.id}
                      isDim={!isNear.site(site.id)}
                      onSelect={() => select({ site: site.id })}
                      onHover={(isOver) => setHovered(isOver ? { site: site.id } : {})}
                    />
                  )
                );
              })}
            </g>
          )}
        </svg>
        <div className="topology-tools">
          <Tool label="Zoom in" icon={IconPlus} onClick={zoomIn} />
          <Tool label="Zoom out" icon={IconMinus} onClick={zoomOut} />
          <Tool label="Show all" icon={IconZoomReset} onClick={fit} />
        </div>
      </div>
      <MapKey />
    </div>
  );
}

/** What belongs to the focus: a site with its tunnels and their far ends, or a tunnel with its two sites. */
function nearTo(focus: Selection, tunnels: readonly MapTunnel[]) {
  const touches = ({ id, a, b }: MapTunnel) =>
    focus.tunnel === id || (focus.site !== undefined && (a.site.id === focus.site || b.site.id === focus.site));
  const sites = new Set(tunnels.filter(touches).flatMap(({ a, b }) => [a.site.id, b.site.id]));
  if (focus.site) sites.add(focus.site);
  return { tunnel: touches, site: (id: string) => sites.has(id) };
}

function Tool({ label, icon: Icon, onClick }: { label: string; icon: typeof IconPlus; onClick: () => void }) {
  return (
    <Tooltip label={label} position="left">
      <ActionIcon size={32} aria-label={label} onClick={onClick}>
        <Icon size={16} stroke={1.8} />
      </ActionIcon>
    </Tooltip>
  );
}
