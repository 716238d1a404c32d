import { type KeyboardEvent, type PointerEvent, type RefObject, useCallback, useEffect, useRef, useState } from 'react';

/** The part of a picture that is shown: its corner, and how many units a pixel is. */
export interface View {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

const LEAST = 0.1;
const MOST = 3;
const STEP = 1.25;
/** Pixels that an arrow key moves by. */
const STRIDE = 80;

/** Zoom about a place on the screen, which stays where it is. */
export function zoomed({ x, y, scale }: View, factor: number, at: { x: number; y: number }): View {
  // All of a great picture may be smaller than that: it is not made greater by who makes it smaller.
  const next = Math.min(MOST, Math.max(Math.min(LEAST, scale), scale * factor));
  return { x: x + at.x / scale - at.x / next, y: y + at.y / scale - at.y / next, scale: next };
}

/** Pixels that are left free for the buttons above the picture. */
const ABOVE = 48;

/** All of a picture, however small that makes it, in the middle of the room. */
export function whole(picture: { width: number; height: number }, room: { width: number; height: number }): View {
  const across = room.width / Math.max(1, picture.width);
  const scale = Math.min(1, across, (room.height - ABOVE) / Math.max(1, picture.height));
  return { x: Math.min(0, (picture.width - room.width / scale) / 2), y: -ABOVE / scale, scale };
}

/** What one begins with: all of a picture if it can still be read, its width otherwise. */
export function fitted(picture: { width: number; height: number }, room: { width: number; height: number }): View {
  const all = whole(picture, room);
  if (all.scale >= 0.5) return all;
  const scale = Math.max(0.35, Math.min(1, room.width / Math.max(1, picture.width)));
  return { x: Math.min(0, (picture.width - room.width / scale) / 2), y: -ABOVE / scale, scale };
}

function isSeen(view: View, at: { x: number; y: number }, room: { width: number; height: number }): boolean {
  const [x, y] = [(at.x - view.x) * view.scale, (at.y - view.y) * view.scale];
  return view.scale >= 0.5 && x > 0 && x < room.width && y > 0 && y < room.height;
}

/** Zoom by wheel and keys, pan by dragging and keys. Wheel and drag need listeners that may keep the page still. */
export function usePanZoom(element: RefObject<Element | null>, picture: { width: number; height: number }) {
  const [view, setView] = useState<View>({ x: 0, y: 0, scale: 1 });
  const size = useRef(picture);
  size.current = picture;
  /** How it fits itself to picture and window; null: the user chose what is to be seen, and nothing moves by itself. */
  const fit = useRef<typeof fitted | null>(fitted);
  const again = useCallback(() => {
    const room = element.current?.getBoundingClientRect();
    if (room && fit.current) setView(fit.current(size.current, room));
  }, [element]);
  const showAll = useCallback(() => {
    fit.current = whole;
    again();
  }, [again]);
  const zoom = useCallback(
    (factor: number) => {
      fit.current = null;
      const room = element.current?.getBoundingClientRect();
      if (room) setView((now) => zoomed(now, factor, { x: room.width / 2, y: room.height / 2 }));
    },
    [element],
  );
  const centre = useCallback(
    (at: { x: number; y: number }) => {
      const room = element.current?.getBoundingClientRect();
      if (!room) return;
      setView((now) => {
        if (isSeen(now, at, room)) return now;
        const scale = Math.max(now.scale, 0.8);
        return { x: at.x - room.width / scale / 2, y: at.y - room.height / scale / 2, scale };
      });
    },
    [element],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: another size of the picture is a reason to look again
  useEffect(() => {
    again();
    const observer = new ResizeObserver(again);
    observer.observe(element.current!);
    return () => observer.disconnect();
  }, [again, element, picture.width, picture.height]);
  useEffect(() => {
    const target = element.current;
    if (!target) return;
    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      fit.current = null;
      const room = target.getBoundingClientRect();
      const at = { x: event.clientX - room.x, y: event.clientY - room.y };
      setView((now) => zoomed(now, Math.exp(-event.deltaY * 0.0015), at));
    };
    target.addEventListener('wheel', wheel as EventListener, { passive: false });
    return () => target.removeEventListener('wheel', wheel as EventListener);
  }, [element]);
  const drag = useRef(false);
  const move = (dx: number, dy: number) => {
    fit.current = null;
    setView(({ x, y, scale }) => ({ x: x - dx / scale, y: y - dy / scale, scale }));
  };
  const keys: Record<string, () => void> = {
    '+': () => zoom(STEP),
    '=': () => zoom(STEP),
    '-': () => zoom(1 / STEP),
    '0': showAll,
    ArrowLeft: () => move(STRIDE, 0),
    ArrowRight: () => move(-STRIDE, 0),
    ArrowUp: () => move(0, STRIDE),
    ArrowDown: () => move(0, -STRIDE),
  };
  return {
    view,
    showAll,
    centre,
    zoomIn: () => zoom(STEP),
    zoomOut: () => zoom(1 / STEP),
    handlers: {
      onPointerDown: (event: PointerEvent) => {
        drag.current = event.button === 0 && !(event.target as Element).closest('[role=button]');
        if (drag.current) event.currentTarget.setPointerCapture(event.pointerId);
      },
      onPointerMove: (event: PointerEvent) => {
        if (drag.current) move(event.movementX, event.movementY);
      },
      onPointerUp: () => {
        drag.current = false;
      },
      onKeyDown: (event: KeyboardEvent) => {
        const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : keys[event.key];
        if (!act) return;
        event.preventDefault();
        act();
      },
    },
  };
}
