import {
  QueryClient,
  keepPreviousData,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';

import { ApiError, callApi } from './api.ts';
import type { Query } from './api.ts';

/**
 * Answers of the API, kept by their path and query. What the live stream tells is asked for again
 * (`stream-refresh.ts`), so that a page shows the newest without asking every few seconds.
 */
const RETRIES_MAX = 2;
const FRESH_MS = 5_000;

export const makeQueryClient = (): QueryClient =>
  new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: FRESH_MS,
        // A refusal stays one; only what never arrived is worth another try.
        retry: (failures, error) =>
          failures < RETRIES_MAX && error instanceof ApiError &&
          (error.status === 0 || error.status >= 502),
      },
    },
  });

export type AskOptions = {
  readonly isEnabled?: boolean;
  /** For what no event of the stream tells: nodes, coverage. */
  readonly everyMs?: number;
  /** While the answer to another question is on its way the one before stays: for filters. */
  readonly keepsPrevious?: boolean;
};

export function useAsk<Answer>(path: string, query: Query = {}, options: AskOptions = {}) {
  const { isEnabled = true, everyMs, keepsPrevious = false } = options;
  return useQuery<Answer>({
    queryKey: [path, query],
    queryFn: ({ signal }) => callApi<Answer>('GET', path, { query, signal }),
    enabled: isEnabled,
    ...(everyMs === undefined ? {} : { refetchInterval: everyMs }),
    ...(keepsPrevious ? { placeholderData: keepPreviousData } : {}),
  });
}

type Paged<Item> = { readonly items: readonly Item[]; readonly nextCursor: string | null };

/** Pages by cursor; `items` are all of those that were asked for so far. */
export function useAskPages<Item>(path: string, query: Query = {}, options: AskOptions = {}) {
  const { isEnabled = true, everyMs, keepsPrevious = false } = options;
  const asked = useInfiniteQuery({
    queryKey: [path, query, 'pages'],
    queryFn: ({ signal, pageParam }) => callApi<Paged<Item>>('GET', path, {
      query: pageParam === '' ? query : { ...query, cursor: pageParam },
      signal,
    }),
    initialPageParam: '',
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
    enabled: isEnabled,
    ...(everyMs === undefined ? {} : { refetchInterval: everyMs }),
    ...(keepsPrevious ? { placeholderData: keepPreviousData } : {}),
  });
  return { ...asked, items: asked.data?.pages.flatMap(({ items }) => items) ?? [] };
}

export type Order = {
  readonly method?: 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
};

/**
 * Something that changes the collector. Afterwards every answer whose path begins with one of
 * `refreshes` is asked for again.
 */
export function useOrder<Answer = unknown>(refreshes: readonly string[]) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ method = 'POST', path, body }: Order) =>
      callApi<Answer>(method, path, { body }),
    onSettled: () => client.invalidateQueries({
      predicate: ({ queryKey: [path] }) =>
        typeof path === 'string' && refreshes.some((start) => path.startsWith(start)),
    }),
  });
}
