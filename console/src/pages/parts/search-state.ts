import { useCallback, useMemo } from 'react';
import { useLocation, useSearch } from 'wouter';

/**
 * What a page shows is in its address: it can be sent to a colleague, and survives a reload. A
 * filter takes the place of the one before in the history; Back leaves the page.
 */
export type SearchState = {
  readonly search: URLSearchParams;
  /** An empty value takes the key out. */
  readonly change: (values: Readonly<Record<string, string>>) => void;
  readonly clear: () => void;
};

export function useSearchState(): SearchState {
  const text = useSearch();
  const [path, navigate] = useLocation();
  const search = useMemo(() => new URLSearchParams(text), [text]);
  const change = useCallback((values: Readonly<Record<string, string>>) => {
    const next = new URLSearchParams(text);
    for (const [key, value] of Object.entries(values)) {
      if (value === '') next.delete(key);
      else next.set(key, value);
    }
    const query = next.toString();
    navigate(query === '' ? path : `${path}?${query}`, { replace: true });
  }, [text, path, navigate]);
  const clear = useCallback(() => navigate(path, { replace: true }), [path, navigate]);
  return { search, change, clear };
}
