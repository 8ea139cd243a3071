import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';

import type { AlertCounts } from '../../../../collector/api/contract/alert.ts';
import type {
  DiffAnswer,
  ProfileDetail,
  ProfileView,
  ProfilesAnswer,
} from '../../../../collector/api/contract/profile.ts';
import { callApi } from '../../data/api.ts';
import type { Query } from '../../data/api.ts';
import { useAsk } from '../../data/queries.ts';
import type { HistoryPoint } from './coverage-curve.ts';

/** What the pages of images ask. No event of the stream tells that something was learned. */
const EVERY_MS = 15_000;
const PAGE = 200;
/** A cluster has hundreds of images; what is beyond this is found by its name. */
const PAGES_MAX = 25;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const BEHAVIOURS_MAX = 4_096;

export const PROFILES = '/api/v1/profiles';

async function allProfiles(query: Query, signal: AbortSignal): Promise<readonly ProfileView[]> {
  const all: ProfileView[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const asked = { ...query, limit: PAGE, ...(cursor === undefined ? {} : { cursor }) };
    const { items, nextCursor } =
      await callApi<ProfilesAnswer>('GET', PROFILES, { query: asked, signal });
    all.push(...items);
    if (nextCursor === null) break;
    cursor = nextCursor;
  }
  return all;
}

export const useProfiles = () =>
  useQuery({
    queryKey: [PROFILES, 'all'],
    queryFn: ({ signal }) => allProfiles({}, signal),
    refetchInterval: EVERY_MS,
  });

/** Profiles of that repository and of no other that begins like it. */
export const useVersions = (repository: string) =>
  useQuery({
    queryKey: [PROFILES, 'versions', repository],
    queryFn: async ({ signal }) =>
      (await allProfiles({ prefix: repository }, signal))
        .filter(({ image }) => image.repository === repository),
    enabled: repository !== '',
    refetchInterval: EVERY_MS,
  });

/** All of it, which may be megabytes: not more often than once a minute. */
export const useProfile = (id: string) =>
  useAsk<ProfileDetail>(`${PROFILES}/${id}`, { limit: BEHAVIOURS_MAX },
    { everyMs: EVERY_MS * 4 });

export const useHistory = (id: string) =>
  useAsk<{ readonly points: readonly HistoryPoint[] }>(`${PROFILES}/${id}/history`, {},
    { everyMs: EVERY_MS * 4 });

/** What the profile has more or less than the one `before`. */
export const useDiff = (before: string, id: string) =>
  useAsk<DiffAnswer>(`${PROFILES}/${before}/diff`, { with: id },
    { isEnabled: before !== '' && id !== '' && before !== id });

/** Alerts of the last 24 h by repository; none while nobody knows. */
export function useAlertsByImage(): ReadonlyMap<string, number> {
  // To the hour, so that the question stays the same and its answer is kept.
  const [hour] = useState(() => Math.floor(Date.now() / HOUR_MS) * HOUR_MS);
  const { data } = useAsk<AlertCounts>('/api/v1/alert-counts', {
    by: 'image',
    from: new Date(hour - DAY_MS).toISOString(),
    bucketSeconds: DAY_MS / 1_000,
  }, { everyMs: EVERY_MS * 4 });
  return useMemo(
    () => new Map((data?.groups ?? []).map(({ key, count }) => [key, count])),
    [data],
  );
}
