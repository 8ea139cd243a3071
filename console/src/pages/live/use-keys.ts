import { useEffect, useRef } from 'react';

export type Keys = Readonly<Record<string, () => void>>;

/** Single keys, unless somebody is typing, a dialog is open or a modifier is held. */
export function useKeys(keys: Keys): void {
  const current = useRef(keys);
  useEffect(() => {
    current.current = keys;
  });
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      const { target } = event;
      const isIn = (selector: string): boolean =>
        target instanceof Element && target.closest(selector) !== null;
      if (isIn('input, textarea, select, dialog')) return;
      // Enter on a button or a link is theirs.
      if (event.key === 'Enter' && isIn('button, a')) return;
      const run = current.current[event.key];
      if (run === undefined) return;
      event.preventDefault();
      run();
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, []);
}
