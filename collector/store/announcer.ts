/** Tells those who wait that something was committed. */
export type Announcer = {
  announce(): void;
  onChange(listener: () => void): () => void;
};

export function createAnnouncer(): Announcer {
  const listeners = new Set<() => void>();
  return {
    announce: () => {
      for (const listener of listeners) listener();
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
