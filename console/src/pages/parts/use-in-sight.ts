import { useEffect, useRef } from 'react';

/** On a phone the form fills the screen: whoever asked wants to see the answer. */
const NARROW = '(max-width: 860px)';

export function useInSight<E extends Element>() {
  const ref = useRef<E>(null);
  useEffect(() => {
    if (window.matchMedia(NARROW).matches) ref.current?.scrollIntoView({ block: 'start' });
  }, []);
  return ref;
}
