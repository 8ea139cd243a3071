import { createContext, useContext, useSyncExternalStore } from 'react';

import type { LiveAlerts } from '../data/live-alerts.ts';
import type { Stream, StreamState } from '../data/stream.ts';

export type LiveData = { readonly stream: Stream; readonly alerts: LiveAlerts };

export const LiveContext = createContext<LiveData | undefined>(undefined);

export function useLive(): LiveData {
  const live = useContext(LiveContext);
  if (live === undefined) throw new Error('there is no stream outside the shell');
  return live;
}

export function useStreamState(): StreamState {
  const { stream } = useLive();
  return useSyncExternalStore(
    (onState) => stream.listen({ onState }),
    () => stream.state,
  );
}
