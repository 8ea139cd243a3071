import { useWords } from '../../words/catalogue.ts';
import { partsWords } from '../../words/parts.ts';
import { lastingOf } from './lasting.ts';

export function useLasting(): (seconds: number) => string {
  const words = useWords(partsWords);
  return (seconds) => {
    const lasting = lastingOf(seconds);
    return lasting === null ? '–' : words[lasting.unit](lasting.n);
  };
}
