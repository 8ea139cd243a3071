import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { ReactNode } from 'react';

import { LiveAlerts } from '../data/live-alerts.ts';
import type { FramePort } from '../data/live-alerts.ts';
import { Stream, browserPorts } from '../data/stream.ts';
import { StreamRefresh } from '../data/stream-refresh.ts';
import { LiveContext } from './stream-context.ts';

/** A list that changes more often than this nobody can read; the rest of the time is the page's. */
const PAINT_EVERY_MS = 100;

/** The next frame, or the first one after the pause. */
function calmFrames(): FramePort {
  let lastMs = 0;
  return (run) => {
    const paint = (): void => {
      requestAnimationFrame(() => {
        lastMs = performance.now();
        run();
      });
    };
    const waitMs = lastMs + PAINT_EVERY_MS - performance.now();
    if (waitMs <= 0) paint();
    else setTimeout(paint, waitMs);
  };
}

/** One stream for the whole application, from sign-in to sign-out. */
export function LiveData({ children }: { readonly children: ReactNode }): ReactNode {
  const client = useQueryClient();
  const [live] = useState(() => ({
    stream: new Stream(),
    alerts: new LiveAlerts(calmFrames(), browserPorts.now),
  }));
  useEffect(() => {
    const { stream, alerts } = live;
    const refresh = new StreamRefresh(client, browserPorts.after);
    const stopListening = stream.listen({
      onMessages: (messages) => {
        alerts.take(messages);
        refresh.take(messages);
      },
      onReset: () => {
        alerts.clear();
        void client.invalidateQueries();
      },
    });
    const retry = (): void => stream.retry();
    window.addEventListener('online', retry);
    stream.start();
    return () => {
      window.removeEventListener('online', retry);
      stream.stop();
      refresh.stop();
      stopListening();
    };
  }, [client, live]);
  return <LiveContext value={live}>{children}</LiveContext>;
}
