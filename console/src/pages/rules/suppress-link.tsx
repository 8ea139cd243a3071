import type { ReactNode } from 'react';
import { Link } from 'wouter';

import { useWords } from '../../words/catalogue.ts';
import { suppressionWords } from '../../words/rules.ts';

/** From an alert to the form of a rule for alerts like it; the form reads the alert itself. */
export function SuppressLink({ alertId }: { readonly alertId: string }): ReactNode {
  const words = useWords(suppressionWords);
  return (
    <Link href={`/rules?new=1&alert=${encodeURIComponent(alertId)}`}>{words.like}</Link>
  );
}
