import { createContext, useContext } from 'react';

import type { Preferences } from '../data/preferences.ts';

export type PreferencesContextValue = {
  readonly preferences: Preferences;
  readonly change: (over: Partial<Preferences>) => void;
};

export const PreferencesContext = createContext<PreferencesContextValue | undefined>(undefined);

export function usePreferences(): PreferencesContextValue {
  const value = useContext(PreferencesContext);
  if (value === undefined) throw new Error('there are no preferences outside the application');
  return value;
}
