import { type PointerEvent, type RefObject, useEffect, useRef, useState } from 'react';
import { panBy, type View, wholeMap, zoomAt } from '../../topology/view.ts';

/** A press that moves less than this is a click. */
const clickPixels = 4;

/** Wheel and pinch zoom, dragging pans. Attach `handlers` to the svg that `target` points to. */
export function usePanZoom(target: RefObject<SVGSVGElement | null>) {
  const [view, setView] = useState<View>(wholeMap);
  const pointers = useRef(new Map<number, { x: number; y: number }>());
  const dragged = useRef(0);

  useEffect(() => {
    const element = target.current;
    if (!element) return;
    // React listens passively to the wheel, but the page must not scroll under the map.
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      const box = element.getBoundingClientRect();
      const at = { x: event.clientX - box.left, y: event.clientY - box.top };
      setView((view) => zoomAt(view, at, Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015))));
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  }, [target]);

  const zoomFromMiddle = (factor: number) => {
    const element = target.current;
    if (element) setView((view) => zoomAt(view, { x: element.clientWidth / 2, y: element.clientHeight / 2 }, factor));
  };

  const handlers = {
    onPointerDown: (event: PointerEvent) => {
      pointers.current.set(event.pointerId, { x: event.clientX, y: event.clientY });
      if (pointers.current.size === 1) dragged.current = 0;
    },
    onPointerMove: (event: PointerEvent<SVGSVGElement>) => {
      const last = pointers.current.get(event.pointerId);
      if (!last) return;
      const next = { x: event.clientX, y: event.clientY };
      const other = [...pointers.current].find(([id]) => id !== event.pointerId)?.[1];
      pointers.current.set(event.pointerId, next);
      dragged.current += Math.abs(next.x - last.x) + Math.abs(next.y - last.y);
      if (!other) {
        if (dragged.current >= clickPixels) event.currentTarget.setPointerCapture(event.pointerId);
        return setView((view) => panBy(view, next.x - last.x, next.y - last.y));
      }
      const box = event.currentTarget.getBoundingClientRect();
      const middle = { x: (next.x + other.x) / 2 - box.left, y: (next.y + other.y) / 2 - box.top };
      const factor =
        Math.hypot(next.x - other.x, next.y - other.y) / (Math.hypot(last.x - other.x, last.y - other.y) || 1);
      setView((view) => zoomAt(view, middle, factor));
    },
    onPointerUp: (event: PointerEvent) => pointers.current.delete(event.pointerId),
    onPointerCancel: (event: PointerEvent) => pointers.current.delete(event.pointerId),
  };

  return {
    view,
    handlers,
    zoomIn: () => zoomFromMiddle(1.3),
    zoomOut: () => zoomFromMiddle(1 / 1.3),
    fit: () => setView(wholeMap),
    /** Whether the press that just ended moved the map and so was no click. Asked once a press. */
    wasDrag: () => {
      const was = dragged.current >= clickPixels;
      dragged.current = 0;
      return was;
    },
  };
}
