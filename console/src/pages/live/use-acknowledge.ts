import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import type { AlertView } from '../../../../collector/api/contract/alert.ts';
import type { IncidentDetail } from '../../../../collector/api/contract/incident.ts';
import { ApiError, callApi } from '../../data/api.ts';
import { useSession } from '../../data/session.ts';
import { useWords } from '../../words/catalogue.ts';
import { liveWords } from '../../words/live.ts';

type Notice = { readonly tone: 'good' | 'warn' | 'bad'; readonly text: string; readonly error?: unknown };

/** `a` in the list: the incident of the selected alert, as it is now. */
export function useAcknowledge() {
  const words = useWords(liveWords);
  const client = useQueryClient();
  const { principal } = useSession();
  const [notice, setNotice] = useState<Notice>();
  const acknowledge = async ({ incidentId }: AlertView): Promise<Notice> => {
    if (incidentId === '') return { tone: 'warn', text: words.noIncident };
    const path = `/api/v1/incidents/${encodeURIComponent(incidentId)}`;
    const { work } = await callApi<IncidentDetail>('GET', path);
    if (work.acknowledged === null) {
      await callApi('POST', `${path}/acknowledge`, { body: { revision: work.revision } });
      await client.invalidateQueries({ queryKey: [path] });
    }
    return { tone: 'good', text: words.acknowledged(work.acknowledged?.by ?? principal.name) };
  };
  return {
    notice,
    run: (alert: AlertView): void => {
      acknowledge(alert).then(setNotice, (error: unknown) => {
        setNotice({ tone: 'bad', text: '', error: error instanceof ApiError ? error : undefined });
      });
    },
  };
}
