import type { ReactNode } from 'react';
import { Link } from 'wouter';

import type { BlastRadiusView } from '../../../../collector/api/contract/blast-radius.ts';
import { Name } from '../../design/code.tsx';
import { Tabs } from '../../design/tabs.tsx';
import { useWords } from '../../words/catalogue.ts';
import { blastWords } from '../../words/blast.ts';
import { useSearchState } from '../parts/search-state.ts';
import { blastLists, imageTextOf } from './blast-csv.ts';
import type { BlastImage } from './blast-csv.ts';
import { BlastList, usePodColumn, useSeenColumns } from './blast-list.tsx';
import { blastAddressOf } from './blast-query.ts';
import css from './blast.module.css';

/** Images, workloads, nodes, namespaces: the same pods from four sides. */
export function BlastLists({ answer }: { readonly answer: BlastRadiusView }): ReactNode {
  const words = useWords(blastWords);
  const { search, change } = useSearchState();
  const selected = blastLists.find((list) => list === search.get('list')) ?? 'workloads';
  const content = {
    workloads: <Workloads rows={answer.workloads} />,
    images: <Images rows={answer.images} />,
    nodes: <Nodes rows={answer.nodes} />,
    namespaces: <Namespaces rows={answer.namespaces} />,
  };
  return (
    <Tabs
      label={words.tabsLabel}
      selected={selected}
      onSelect={(list) => change({ list: list === 'workloads' ? '' : list })}
      tabs={blastLists.map((key) => ({
        key,
        label: `${words.totals[key]} (${answer[key].length.toLocaleString()})`,
        content: <div className={css.stack}>{content[key]}</div>,
      }))}
    />
  );
}

function Workloads({ rows }: { readonly rows: BlastRadiusView['workloads'] }): ReactNode {
  const words = useWords(blastWords);
  const seen = useSeenColumns<(typeof rows)[number]>();
  const pods = usePodColumn<(typeof rows)[number]>();
  return (
    <BlastList
      list="workloads"
      rows={rows}
      keyOf={({ cluster, namespace, workload }) => JSON.stringify([cluster, namespace, workload])}
      columns={[
        { key: 'workload', label: words.workload, cell: ({ cluster, namespace, workload }) => (
          <>
            <Name text={`${namespace}/${workload === '' ? words.noWorkload : workload}`} />
            <span className={css.sub}><Name text={cluster} /></span>
          </>
        ) },
        { key: 'images', label: words.image, cell: ({ images }) => (
          images.map((image) => (
            <div key={image}>
              <Link href={blastAddressOf('image', image)} title={words.toImage}>
                <Name text={image} />
              </Link>
            </div>
          ))
        ) },
        pods,
        { key: 'nodes', label: words.totals.nodes, width: '60px', isNumber: true, isSpare: true,
          cell: ({ nodes }) => nodes.toLocaleString() },
        ...seen,
      ]}
    />
  );
}

function Images({ rows }: { readonly rows: BlastRadiusView['images'] }): ReactNode {
  const words = useWords(blastWords);
  const seen = useSeenColumns<BlastImage>();
  return (
    <BlastList
      list="images"
      rows={rows}
      keyOf={({ repository, tag, digest }) => JSON.stringify([repository, tag, digest])}
      columns={[
        { key: 'image', label: words.image, cell: (row) => (
          <>
            <Link href={blastAddressOf('image', row.digest === ''
              ? imageTextOf(row) : `${row.repository}@${row.digest}`)} title={words.toImage}
            >
              <Name text={imageTextOf(row)} />
            </Link>
            <span className={css.sub}><Name text={row.digest} /></span>
          </>
        ) },
        { key: 'reason', label: words.reason, width: '150px', cell: (row) => <Reason row={row} /> },
        { key: 'pods', label: words.pods, width: '70px', isNumber: true,
          cell: ({ pods }) => pods.toLocaleString() },
        ...seen,
      ]}
    />
  );
}

function Reason({ row }: { readonly row: BlastImage }): ReactNode {
  const words = useWords(blastWords);
  return (
    <>
      {words.reasons[row.reason]}
      {row.layers !== undefined && row.sharedLayers !== undefined && (
        <span className={css.sub}>{words.layers(row.sharedLayers, row.layers)}</span>
      )}
    </>
  );
}

function Nodes({ rows }: { readonly rows: BlastRadiusView['nodes'] }): ReactNode {
  const words = useWords(blastWords);
  const seen = useSeenColumns<(typeof rows)[number]>();
  const pods = usePodColumn<(typeof rows)[number]>();
  return (
    <BlastList
      list="nodes"
      rows={rows}
      keyOf={({ cluster, node }) => JSON.stringify([cluster, node])}
      columns={[
        { key: 'node', label: words.node, cell: ({ node }) => <Name text={node} /> },
        { key: 'cluster', label: words.cluster, cell: ({ cluster }) => <Name text={cluster} /> },
        pods,
        ...seen,
      ]}
    />
  );
}

function Namespaces({ rows }: { readonly rows: BlastRadiusView['namespaces'] }): ReactNode {
  const words = useWords(blastWords);
  const seen = useSeenColumns<(typeof rows)[number]>();
  const pods = usePodColumn<(typeof rows)[number]>();
  return (
    <BlastList
      list="namespaces"
      rows={rows}
      keyOf={({ cluster, namespace }) => JSON.stringify([cluster, namespace])}
      columns={[
        { key: 'namespace', label: words.namespace,
          cell: ({ namespace }) => <Name text={namespace} /> },
        { key: 'cluster', label: words.cluster, cell: ({ cluster }) => <Name text={cluster} /> },
        { key: 'workloads', label: words.totals.workloads, width: '90px', isNumber: true,
          cell: ({ workloads }) => workloads.toLocaleString() },
        pods,
        ...seen,
      ]}
    />
  );
}
