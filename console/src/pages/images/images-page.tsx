import { useMemo } from 'react';
import type { ReactNode } from 'react';

import { Button } from '../../design/button.tsx';
import { CheckField, SelectField, TextField } from '../../design/field.tsx';
import { PageBody, PageHeader, Panel } from '../../design/page.tsx';
import { EmptyState, ErrorState, Loading } from '../../design/states.tsx';
import { useWords } from '../../words/catalogue.ts';
import { profileStateWords } from '../../words/domain.ts';
import { imageWords } from '../../words/images.ts';
import { useSearchState } from '../parts/search-state.ts';
import type { SearchState } from '../parts/search-state.ts';
import { Toolbar } from '../parts/toolbar.tsx';
import { imageOrders, imageQueryOf, imageStates, rowsFor, sortAfter } from './image-rows.ts';
import type { ImageQuery } from './image-rows.ts';
import { ImageTable } from './image-table.tsx';
import { useAlertsByImage, useProfiles } from './queries.ts';

/** All profiles, of what runs now and of what ran. Filters and order are in the address. */
export function ImagesPage(): ReactNode {
  const words = useWords(imageWords);
  const profiles = useProfiles();
  const alerts = useAlertsByImage();
  const state = useSearchState();
  const query = useMemo(() => imageQueryOf(state.search), [state.search]);
  const rows = useMemo(
    () => rowsFor(profiles.data ?? [], query, ({ image }) => alerts.get(image.repository) ?? 0),
    [profiles.data, query, alerts],
  );
  return (
    <>
      <PageHeader title={words.title} lead={words.lead} />
      <PageBody>
        <Filters query={query} state={state} />
        {profiles.isPending && <Loading />}
        {profiles.isError &&
          <ErrorState error={profiles.error} onRetry={() => void profiles.refetch()} />}
        {profiles.data !== undefined && (
          <Panel title={words.shown(rows.length, profiles.data.length)} isFlush>
            {rows.length > 0
              ? <ImageTable rows={rows} alerts={alerts} />
              : <Nothing isFiltered={profiles.data.length > 0} onClear={state.clear} />}
          </Panel>
        )}
      </PageBody>
    </>
  );
}

function Filters(
  { query, state }: { readonly query: ImageQuery; readonly state: SearchState },
): ReactNode {
  const words = useWords(imageWords);
  const states = useWords(profileStateWords);
  const { change } = state;
  return (
    <Toolbar>
      <TextField
        label={words.search}
        isLabelHidden
        type="search"
        placeholder={words.search}
        value={query.text}
        onChange={(q) => change({ q })}
      />
      <SelectField
        label={words.state}
        isLabelHidden
        value={query.state ?? ''}
        onChange={(value) => change({ state: value })}
        options={[
          { value: '', label: words.allStates },
          ...imageStates.map((value) => ({ value, label: states[value] })),
        ]}
      />
      <SelectField
        label={words.order}
        isLabelHidden
        value={`${query.isDescending ? '-' : ''}${query.order}`}
        onChange={(sort) => change({ sort: sort === 'name' ? '' : sort })}
        options={imageOrders.map((order) => ({
          value: order === query.order
            ? `${query.isDescending ? '-' : ''}${order}`
            : sortAfter(query, order),
          label: words.sortBy(words.columns[order]),
        }))}
      />
      <CheckField
        label={words.onlyRunning}
        isChecked={query.runs}
        onChange={(is) => change({ runs: is ? '1' : '' })}
      />
      <CheckField
        label={words.onlyLocked}
        isChecked={query.locked}
        onChange={(is) => change({ locked: is ? '1' : '' })}
      />
    </Toolbar>
  );
}

function Nothing(
  { isFiltered, onClear }: { readonly isFiltered: boolean; readonly onClear: () => void },
): ReactNode {
  const words = useWords(imageWords);
  return isFiltered
    ? (
      <EmptyState title={words.noMatch}>
        <Button onClick={onClear}>{words.clear}</Button>
      </EmptyState>
    )
    : <EmptyState title={words.none}>{words.noneHint}</EmptyState>;
}
