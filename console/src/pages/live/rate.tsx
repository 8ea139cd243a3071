import { useEffect, useState } from 'react';
import type { ReactNode } from 'react';

import { useLive } from '../../app/stream-context.ts';
import { RATE_BUCKET_MS } from '../../data/live-alerts.ts';
import { useWords } from '../../words/catalogue.ts';
import { liveWords } from '../../words/live.ts';
import css from './live.module.css';

const WIDTH = 1;
const HEIGHT = 22;
/** The newest bucket is still filling. */
const SMOOTHED = 3;

/** New alerts per second, the last two minutes; drawn every two seconds, not with every alert. */
export function Rate(): ReactNode {
  const words = useWords(liveWords);
  const { alerts } = useLive();
  const [buckets, setBuckets] = useState<readonly number[]>([]);
  useEffect(() => {
    const draw = (): void => setBuckets(alerts.rate(Date.now()));
    draw();
    const timer = setInterval(draw, RATE_BUCKET_MS);
    return () => clearInterval(timer);
  }, [alerts]);
  const highest = Math.max(1, ...buckets);
  const recent = buckets.slice(-SMOOTHED - 1, -1);
  const sum = recent.reduce((total, n) => total + n, 0);
  const rate = (sum / (SMOOTHED * RATE_BUCKET_MS / 1_000)).toFixed(sum < 60 ? 1 : 0);
  const width = buckets.length * (WIDTH + 1);
  return (
    <div className={css.rate} role="img" aria-label={words.rateLabel(rate)}>
      <svg width={width} height={HEIGHT} viewBox={`0 0 ${width} ${HEIGHT}`} aria-hidden="true">
        {buckets.map((n, index) => {
          const height = n === 0 ? 1 : Math.max(2, (n / highest) * HEIGHT);
          return (
            <rect
              key={index}
              x={index * (WIDTH + 1)}
              y={HEIGHT - height}
              width={WIDTH}
              height={height}
              className={n === 0 ? css.rateNone : css.rateSome}
            />
          );
        })}
      </svg>
      <span aria-hidden="true">{words.perSecond(rate)}</span>
    </div>
  );
}
