import { memo } from 'react';
import type { ReactNode } from 'react';
import { Link } from 'wouter';

import type { AlertView } from '../../../../collector/api/contract/alert.ts';
import { Badge } from '../../design/badge.tsx';
import { TextLine } from '../../design/code.tsx';
import { Icon } from '../../design/icon.tsx';
import { SeverityLabel } from '../../design/severity.tsx';
import { Time } from '../../design/time.tsx';
import { visibleText } from '../../design/visible-text.ts';
import { useWords } from '../../words/catalogue.ts';
import { severityWords } from '../../words/domain.ts';
import { useLanguage } from '../../words/language.ts';
import { liveWords } from '../../words/live.ts';
import css from './live.module.css';

export const addressOfAlert = ({ id, incidentId }: AlertView): string => incidentId === ''
  ? `/alerts/${encodeURIComponent(id)}`
  : `/incidents/${encodeURIComponent(incidentId)}?alert=${encodeURIComponent(id)}`;

type CellsProps = { readonly alert: AlertView; readonly acknowledgedBy: string | undefined };

/**
 * One alert in a line; where there is no room for the columns, in two. In a storm every row moves
 * with every paint: the frame moves and the cells, which cost more, stay as they are.
 */
export function AlertRow(
  { index, id, isSelected, top, height, ...cells }: CellsProps & {
    readonly index: number;
    readonly id: string;
    readonly isSelected: boolean;
    readonly top: number;
    readonly height: number;
  },
): ReactNode {
  return (
    <div
      role="row"
      id={id}
      data-index={index}
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      className={css.row}
      style={{ transform: `translateY(${top}px)`, height }}
    >
      <Cells {...cells} />
    </div>
  );
}

const Cells = memo(function Cells({ alert, acknowledgedBy }: CellsProps): ReactNode {
  const words = useWords(liveWords);
  const names = useWords(severityWords);
  const language = useLanguage();
  const where = `${alert.namespace}/${alert.pod || alert.containerName || alert.node}`;
  const { repository, tag } = alert.image;
  const what = alert.reason[language];
  return (
    <>
      <span role="gridcell" className={css.severity}>
        <SeverityLabel severity={alert.severity} />
      </span>
      <span role="gridcell" className={css.time}><Time at={alert.receivedTime} /></span>
      <span role="gridcell" className={css.what}>
        <Link
          href={addressOfAlert(alert)}
          tabIndex={-1}
          className={css.link}
          aria-label={visibleText(words.alertOf(names[alert.severity], what, where)).slice(0, 400)}
        >
          <TextLine text={what} />
        </Link>
        <Marks alert={alert} acknowledgedBy={acknowledgedBy} />
      </span>
      <span role="gridcell" className={css.where}><TextLine text={where} /></span>
      <span role="gridcell" className={css.image}>
        <TextLine
          text={shortName(repository) + (tag === '' ? '' : `:${tag}`)}
          title={repository}
        />
      </span>
      <span role="gridcell" className={css.count}>{words.count(alert.count)}</span>
      <span role="gridcell" className={css.score}>{Math.round(alert.score)}</span>
    </>
  );
});

/** The registry is the same for most of them; it is in the title. */
const shortName = (repository: string): string => repository.split('/').slice(-2).join('/');

function Marks(
  { alert, acknowledgedBy }: {
    readonly alert: AlertView;
    readonly acknowledgedBy: string | undefined;
  },
): ReactNode {
  const words = useWords(liveWords);
  const { kind } = alert.handling;
  return (
    <>
      {alert.techniques.slice(0, 2).map((technique) => <Badge key={technique}>{technique}</Badge>)}
      {kind !== 'none' && <Badge tone="accent">{words.handlings[kind]}</Badge>}
      {acknowledgedBy !== undefined && (
        <span className={css.acknowledged} title={visibleText(words.acknowledged(acknowledgedBy))}>
          <Icon name="check" size={14} />
          <span className="for-screen-readers">
            {visibleText(words.acknowledged(acknowledgedBy))}
          </span>
        </span>
      )}
    </>
  );
}
