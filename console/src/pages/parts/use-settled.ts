import { useEffect, useState } from 'react';

/** So long nobody has typed: a question for each letter would be seven that nobody asked. */
const SETTLED_MS = 250;

/** What it was when it last stood still. */
export function useSettled(value: string): string {
  const [settled, settle] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => settle(value), SETTLED_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
