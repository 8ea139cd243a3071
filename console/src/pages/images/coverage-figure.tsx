import { useMemo, useState } from 'react';
import type { KeyboardEvent, PointerEvent, ReactNode } from 'react';

import { Time } from '../../design/time.tsx';
import { Table } from '../../design/table.tsx';
import { EmptyState } from '../../design/states.tsx';
import { useWords } from '../../words/catalogue.ts';
import { profileStateWords } from '../../words/domain.ts';
import { profileWords } from '../../words/images.ts';
import { LOCALES, useLanguage } from '../../words/language.ts';
import type { ProfileState } from '../../../../baseline/alert.ts';
import { curveOf, nearestTo } from './coverage-curve.ts';
import type { Curve, CurvePoint, HistoryPoint } from './coverage-curve.ts';
import { percentOf } from './percent.ts';
import css from './coverage-figure.module.css';

/**
 * The coverage over time: a curve to look at, a slider for the keyboard and for screen readers, a
 * sentence that says it in words, and all of it as a table.
 */
const BOX = { width: 600, height: 140 };
const TABLE_ROWS_MAX = 24;

export function CoverageFigure(
  { history }: { readonly history: readonly HistoryPoint[] },
): ReactNode {
  const words = useWords(profileWords);
  const curve = useMemo(() => curveOf(history, BOX), [history]);
  if (curve === null) return <EmptyState title={words.coverageNone} />;
  return (
    <figure className={css.figure}>
      <Plot curve={curve} />
      <figcaption className={css.caption}><Summary curve={curve} /></figcaption>
      <details className={css.table}>
        <summary>{words.asTable}</summary>
        <PointTable points={curve.points} />
      </details>
    </figure>
  );
}

function Plot({ curve }: { readonly curve: Curve }): ReactNode {
  const words = useWords(profileWords);
  const [at, setAt] = useState<number | null>(null);
  const { points } = curve;
  const shown = points[at ?? points.length - 1];
  const format = useTimeText();
  const move = (event: KeyboardEvent): void => {
    const target = keyTarget(event.key, at ?? points.length - 1, points.length);
    if (target === null) return;
    event.preventDefault();
    setAt(target);
  };
  const point = (event: PointerEvent<HTMLDivElement>): void => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    setAt(nearestTo(points, ((event.clientX - left) / width) * BOX.width));
  };
  const text = shown === undefined
    ? ''
    : words.point(format(shown.ms), percentOf(shown.of.coverage), shown.of.pods);
  return (
    <div className={css.plot}>
      <div className={css.scale} aria-hidden="true">
        <span>100 %</span><span>50 %</span><span>0 %</span>
      </div>
      <div
        className={css.area}
        role="slider"
        tabIndex={0}
        aria-label={`${words.coverage}. ${words.coverageHelp}`}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, points.length - 1)}
        aria-valuenow={at ?? points.length - 1}
        aria-valuetext={text}
        onKeyDown={move}
        onPointerMove={point}
        onPointerLeave={() => setAt(null)}
        onBlur={() => setAt(null)}
      >
        <CurvePicture curve={curve} shown={at === null ? undefined : shown} />
      </div>
      <p className={css.reading} aria-hidden="true">{text}</p>
    </div>
  );
}

function CurvePicture(
  { curve, shown }: { readonly curve: Curve; readonly shown: CurvePoint | undefined },
): ReactNode {
  const { width, height } = BOX;
  return (
    <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
      <path className={css.grid} d={`M 0 0 H ${width} M 0 ${height / 2} H ${width}`} />
      <path className={css.grid} d={`M 0 ${height} H ${width}`} />
      <path className={css.ground} d={curve.area} />
      <path className={css.line} d={curve.line} />
      {curve.completeAt !== null &&
        <path className={css.complete} d={`M ${curve.completeAt.x} 0 V ${height}`} />}
      {shown !== undefined && <path className={css.cursor} d={`M ${shown.x} 0 V ${height}`} />}
    </svg>
  );
}

function Summary({ curve }: { readonly curve: Curve }): ReactNode {
  const words = useWords(profileWords);
  const format = useTimeText();
  const first = curve.points[0];
  const last = curve.points.at(-1);
  if (first === undefined || last === undefined) return null;
  const parts = [words.coverageSummary(
    percentOf(first.of.coverage),
    percentOf(last.of.coverage),
    format(curve.fromMs),
    format(curve.toMs),
  )];
  if (curve.completeAt !== null) parts.push(words.coverageComplete(format(curve.completeAt.ms)));
  if (curve.lastHour !== null) {
    const sign = curve.lastHour < 0 ? '−' : '+';
    parts.push(words.coverageGrowth(`${sign}${percentOf(Math.abs(curve.lastHour))}`));
  }
  return parts.join(' ');
}

function PointTable({ points }: { readonly points: readonly CurvePoint[] }): ReactNode {
  const words = useWords(profileWords);
  const states = useWords(profileStateWords);
  const step = Math.ceil(points.length / TABLE_ROWS_MAX);
  const rows = points.filter((_, index) => (points.length - 1 - index) % step === 0).toReversed();
  return (
    <Table
      caption={words.coverage}
      rows={rows}
      keyOf={({ ms }) => String(ms)}
      columns={[
        { key: 'time', label: words.time, cell: ({ ms }) => <Time at={ms} as="full" /> },
        { key: 'coverage', label: words.coverageShort, isNumber: true,
          cell: ({ of }) => percentOf(of.coverage) },
        { key: 'pods', label: words.facts.pods, isNumber: true, cell: ({ of }) => of.pods },
        { key: 'state', label: words.stateShort,
          cell: ({ of }) => states[of.state as ProfileState] ?? of.state },
      ]}
    />
  );
}

function keyTarget(key: string, at: number, count: number): number | null {
  switch (key) {
    case 'ArrowLeft':
    case 'ArrowDown':
      return Math.max(0, at - 1);
    case 'ArrowRight':
    case 'ArrowUp':
      return Math.min(count - 1, at + 1);
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return null;
  }
}

function useTimeText(): (ms: number) => string {
  const language = useLanguage();
  return useMemo(() => {
    const format = new Intl.DateTimeFormat(LOCALES[language], {
      month: 'short', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23',
    });
    return (ms: number) => format.format(ms);
  }, [language]);
}
