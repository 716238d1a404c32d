import { useEffect, useMemo, useRef } from 'react';
import { useText } from '../messages/text.tsx';
import { BOX, barsLayout } from './bars-layout.ts';
import { BarShape, BoxShape, LineShape } from './bars-shapes.tsx';
import { usePalette } from './palette.ts';
import { usePanZoom } from './pan-zoom.ts';
import { Tools } from './tools.tsx';
import type { ViewProps } from './view-props.ts';

/** Networks as bars, external ones on top; what hangs on them below and between. */
export function BarsView({ topology, gathered, selected, onSelect, trace }: ViewProps) {
  const text = useText();
  const palette = usePalette();
  const svg = useRef<SVGSVGElement>(null);
  const layout = useMemo(() => barsLayout(topology, gathered), [topology, gathered]);
  const { view, showAll, centre, zoomIn, zoomOut, handlers } = usePanZoom(svg, layout);
  const hues = new Map(layout.bars.map(({ item }) => [item.network.id, item.hue]));

  // A trace begins where its sender is: show that.
  useEffect(() => {
    const first = trace && layout.boxes.find(({ id }) => trace.get(id)?.numbers.includes(1));
    if (first) centre({ x: first.x + BOX.width / 2, y: first.y + BOX.height / 2 });
  }, [trace, layout, centre]);

  const left = Math.min(Math.max(0, view.x), Math.max(0, layout.width - 300));
  const shared = (id: string) => ({ palette, text, isSelected: selected === id, onSelect, hops: trace?.get(id) });
  return (
    <>
      <Tools
        {...{ zoomIn, zoomOut, showAll }}
        picture={() => svg.current && { svg: svg.current, ...layout, background: palette.paper }}
      />
      {/* biome-ignore lint/a11y/useSemanticElements: a group of buttons that is a picture has no element of its own */}
      <svg
        ref={svg}
        className="topology-picture"
        role="group"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it takes the keys that move and zoom
        tabIndex={0}
        aria-label={text('topology.picture')}
        {...handlers}
      >
        <desc>{text('topology.pictureKeys')}</desc>
        <g data-moved="" transform={`scale(${view.scale}) translate(${-view.x} ${-view.y})`}>
          {layout.lines.map((line) => (
            <LineShape
              key={line.id}
              line={line}
              palette={palette}
              colour={`hsl(${hues.get(line.network_id)}, 45%, 50%)`}
              hops={line.link ? trace?.get(line.link.port.id) : undefined}
            />
          ))}
          {layout.bars.map((bar) => (
            <BarShape
              key={bar.item.network.id}
              bar={bar}
              width={layout.width}
              left={left}
              {...shared(bar.item.network.id)}
            />
          ))}
          {layout.boxes.map((box) => (
            <BoxShape key={`${box.kind}/${box.id}`} box={box} {...shared(box.id)} />
          ))}
        </g>
      </svg>
    </>
  );
}
