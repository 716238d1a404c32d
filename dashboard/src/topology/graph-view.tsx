import '@xyflow/react/dist/style.css';
import { Alert, Loader } from '@mantine/core';
import {
  Background,
  ConnectionMode,
  type Edge,
  Handle,
  type Node,
  type NodeProps,
  Position,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
} from '@xyflow/react';
import { memo, useEffect, useMemo, useState } from 'react';
import { useText } from '../messages/text.tsx';
import { marks } from './cloud.ts';
import { describe, describeNode, hopsText } from './descriptions.ts';
import { arrange, type Places } from './graph-arrange.ts';
import { type Drawn, type GraphEdge, type GraphNode, graphElements } from './graph-elements.ts';
import { graphPicture } from './graph-picture.ts';
import { joiningOf } from './joining.ts';
import { healthOfDrawn, linesOfDrawn } from './lines.ts';
import { colourOfHops, type Palette, usePalette } from './palette.ts';
import { Tools } from './tools.tsx';
import type { HopsHere } from './trace-marks.ts';
import type { ViewProps } from './view-props.ts';

type ThingNode = Node<{ drawn: Drawn; palette: Palette; hops: HopsHere | undefined; isSelected: boolean }, 'thing'>;

/** A picture that cannot be read is none: a great graph is shown in part. */
const leastFit = { minZoom: 0.4 };
/** All of it, when that is asked for. */
const LEAST = 0.02;
const nodeTypes = { thing: memo(Thing) };

/** The same as a graph: networks, routers, guests and groups as nodes, arranged from the outside to the inside. */
export default function GraphView(props: ViewProps) {
  return (
    <ReactFlowProvider>
      <Graph {...props} />
    </ReactFlowProvider>
  );
}

function Graph({ topology, gathered, selected, onSelect, trace, onJoin }: ViewProps) {
  const text = useText();
  const palette = usePalette();
  const flow = useReactFlow();
  const { nodes, edges } = useMemo(() => graphElements(topology, gathered), [topology, gathered]);
  const { places, failed } = usePlaces(nodes, edges);
  const drawn = useMemo(
    () =>
      nodes.flatMap(({ id, width, height, drawn }): ThingNode[] => {
        const position = places?.get(id);
        if (!position) return [];
        const data = { drawn, palette, hops: trace?.get(id), isSelected: selected === id };
        const spoken = { ariaLabel: describeNode(text, drawn, trace?.get(id)), ariaRole: 'button' as const };
        return [{ id, type: 'thing', position, width, height, data, ...spoken }];
      }),
    [nodes, places, palette, trace, selected, text],
  );
  const joinedBy = ({ source, target }: { source: string; target: string }) => {
    const [a, b] = [source, target].map((id) => nodes.find((node) => node.id === id)?.drawn);
    return joiningOf(a, b);
  };
  const lines = useMemo(() => edges.map((edge) => edgeOf(edge, palette, trace)), [edges, palette, trace]);
  if (failed) return <Alert color="red">{failed.message}</Alert>;
  if (!places) return <Loader m="xl" aria-label={text('shell.loading')} />;
  return (
    <>
      <Tools
        zoomIn={() => flow.zoomIn()}
        zoomOut={() => flow.zoomOut()}
        showAll={() => flow.fitView({ minZoom: LEAST })}
        picture={() => graphPicture(nodes, edges, places, palette, text)}
      />
      <ReactFlow
        className="topology-picture"
        aria-label={text('topology.picture')}
        nodes={drawn}
        edges={lines}
        nodeTypes={nodeTypes}
        nodesDraggable={false}
        connectionMode={ConnectionMode.Loose}
        isValidConnection={(line) => joinedBy(line) !== null}
        onConnect={(line) => {
          const joining = joinedBy(line);
          if (joining) onJoin(joining);
        }}
        edgesFocusable={false}
        minZoom={LEAST}
        fitView
        fitViewOptions={leastFit}
        onNodeClick={(_, { id }) => onSelect(id)}
        onKeyDown={(event) => {
          const id = (event.target as Element).closest('.react-flow__node')?.getAttribute('data-id');
          if (id && (event.key === 'Enter' || event.key === ' ')) onSelect(id);
        }}
        proOptions={{ hideAttribution: true }}
      >
        <Background />
      </ReactFlow>
    </>
  );
}

/** Arranged anew only when something came or went: what merely changes its state stays where it is. */
function usePlaces(nodes: readonly GraphNode[], edges: readonly GraphEdge[]) {
  const shape = JSON.stringify([nodes.map(({ id }) => id), edges.map(({ source, target }) => [source, target])]);
  const [places, setPlaces] = useState<Places | null>(null);
  const [failed, setFailed] = useState<Error | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: nodes and edges of the same shape have the same places
  useEffect(() => {
    let isOver = false;
    arrange(nodes, edges).then(
      (found) => !isOver && setPlaces(found),
      (error: Error) => !isOver && setFailed(error),
    );
    return () => {
      isOver = true;
    };
  }, [shape]);
  return { places, failed };
}

function edgeOf({ id, source, target, link }: GraphEdge, palette: Palette, trace: ViewProps['trace']): Edge {
  const health = link?.health ?? 'up';
  const hops = link === null ? undefined : trace?.get(link.port.id);
  const stroke = hops ? colourOfHops(palette, hops) : health === 'up' ? palette.edge : palette.health[health];
  const dashes = health === 'up' ? {} : { strokeDasharray: '5 4' };
  return {
    id,
    source,
    target,
    sourceHandle: 'out',
    targetHandle: 'in',
    style: { stroke, strokeWidth: hops ? 4 : 1.5, ...dashes },
  };
}

function Thing({ data: { drawn, palette, hops, isSelected } }: NodeProps<ThingNode>) {
  const text = useText();
  const [first, second] = linesOfDrawn(drawn, text);
  const health = healthOfDrawn(drawn);
  const colour = hops ? colourOfHops(palette, hops) : isSelected ? palette.ink : palette.edge;
  const isRound = drawn.kind === 'device' && drawn.device.kind === 'router';
  const handle = { isConnectable: isRound || drawn.kind === 'network', className: 'topology-handle' };
  return (
    <div
      className="topology-node"
      title={describe(text, drawn, hops)}
      style={{
        background: drawn.kind === 'network' ? palette.network(drawn.item.hue) : palette.box,
        border: `${hops || isSelected ? 3 : 1}px ${drawn.kind === 'group' ? 'double' : 'solid'} ${colour}`,
        borderRadius: isRound ? 22 : 6,
        color: palette.ink,
      }}
    >
      <Handle id="in" type="target" position={Position.Left} {...handle} />
      <span style={{ color: palette.health[health] }}>{marks[health]}</span>{' '}
      <span className="topology-node-lines">
        <b>{first}</b> <small>{second}</small>
      </span>{' '}
      {hops && <span style={{ color: colourOfHops(palette, hops) }}>{hopsText(hops)}</span>}
      <Handle id="out" type="source" position={Position.Right} {...handle} />
    </div>
  );
}
