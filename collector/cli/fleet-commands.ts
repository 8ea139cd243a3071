import type { Command } from 'commander';

import type { ImageView, nodeView } from '../api/views.ts';
import { jsonText } from '../json-text.ts';
import { addImageLayerCommands } from './image-layer-commands.ts';
import { clientOf } from './io.ts';
import type { GlobalOptions, Io } from './io.ts';
import { formatTable } from './table.ts';
import type { Column } from './table.ts';
import { itemsOf, secondsInWords } from './values.ts';

type NodeView = ReturnType<typeof nodeView>;

const nodeColumns: readonly Column<NodeView>[] = [
  { title: 'node', cell: ({ node }) => node },
  { title: 'cluster', cell: ({ cluster }) => cluster },
  { title: 'link', cell: ({ isConnected }) => (isConnected ? 'connected' : 'away') },
  { title: 'agent', cell: ({ agentVersion }) => agentVersion },
  { title: 'falco', cell: ({ falcoVersion }) => falcoVersion || '-' },
  { title: 'events come', cell: ({ sensorState }) => sensorState },
  { title: 'events', cell: ({ eventsReceived }) => String(eventsReceived) },
  { title: 'dropped', cell: ({ eventsDropped }) => String(eventsDropped) },
  { title: 'newest event', cell: ({ lagSeconds }) => `${lagSeconds.toFixed(1)} s ago` },
  { title: 'outbox', cell: ({ outboxPending }) => String(outboxPending) },
  { title: 'last seen', cell: ({ lastSeenTime }) => lastSeenTime },
];

const imageColumns: readonly Column<ImageView>[] = [
  { title: 'image', cell: nameOf },
  { title: 'state', cell: ({ state }) => state },
  { title: 'coverage', cell: ({ coverage }) => `${(coverage * 100).toFixed(1)} %` },
  { title: 'observations', cell: ({ observations }) => String(observations) },
  { title: 'pods', cell: ({ pods }) => String(pods) },
  { title: 'nodes', cell: ({ nodes }) => String(nodes) },
  { title: 'complete in', cell: ({ completeInSeconds }) => secondsInWords(completeInSeconds) },
  { title: 'digest', cell: ({ image }) => image.digest.slice(0, 19) },
];

/** The host's own processes have a profile and no image: then its key is the name. */
function nameOf({ image, profileKey }: ImageView): string {
  return image.repository === '' ? profileKey : `${image.repository}:${image.tag}`;
}

export function addFleetCommands(program: Command, io: Io): void {
  const list = <Row>(
    name: string,
    description: string,
    columns: readonly Column<Row>[],
  ): Command =>
    program.command(name).description(description).action(async (_, command: Command) => {
      const options: GlobalOptions = command.optsWithGlobals();
      const rows = itemsOf(await clientOf(io, options).get(`/api/v1/${name}`)) as readonly Row[];
      if (options.json === true) for (const row of rows) io.write(`${jsonText(row)}\n`);
      else io.write(formatTable(rows, columns, io.isTerminal ? io.columns : undefined));
    });
  list('nodes', 'list nodes: agents, versions, whether events come, drops', nodeColumns);
  const images =
    list('images', 'list images: what is learned, how far, how long it will take', imageColumns);
  addImageLayerCommands(images, io);
}
