import type { ReactNode } from 'react';

/** Drawn here: no font, no other file. All are decoration; the name stands beside them. */
const PATHS = {
  live: 'M2 8h3l2-5 3 10 2-5h2',
  incident: 'M8 2 14.5 13.500h-13ZM8 6.500v3M8 11.500v.2',
  image: 'M8 1.8 14 5v6l-6 3.200L2 11V5ZM2 5l6 3.200L14 5M8 8.200v6',
  fleet: 'M2.5 3h11v4h-11ZM2.5 9h11v4h-11ZM5 5h.2M5 11h.2',
  response: 'M8 1.5 13.5 4v4c0 3.2-2.3 5.5-5.5 6.500C4.8 13.5 2.5 11.2 2.5 8V4Z',
  policy: 'M4 1.800h6l2.5 2.500v10H4ZM6 6.500h4.500M6 9h4.500M6 11.500h3',
  rules: 'M2 4h7M12 4h2M9 2.500v3M2 12h2M7 12h7M4 10.500v3M2 8h8M13 8h1M10 6.500v3',
  output: 'M2.5 8h8M7.5 4.5 11 8l-3.5 3.500M13.5 2.500v11',
  audit: 'M3 3h10M3 6.500h10M3 10h6M10 12l1.5 1.500L14 11',
  access: 'M10.5 2a3.5 3.5 0 1 1-2.6 5.800L3 12.700V14h3v-2h2v-2l1-1M11 5h.2',
  egress: 'M1.5 3.500h5v9h-5M6.5 8h8M11.5 5 14.5 8l-3 3M4 8h.2',
  blast: 'M8 6.500a1.5 1.5 0 1 1 0 3 1.5 1.5 0 0 1 0-3' +
    'M8 3.500a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9M8 .8v1.500M8 13.700v1.500M.8 8h1.500M13.700 8h1.500',
  generated: 'M4 1.800h6l2.5 2.500v10H4ZM6 8.500l1.500 1.500L10.500 7',
  search: 'M7 2.500a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9M10.5 10.5 14 14',
  pause: 'M5.5 3v10M10.5 3v10',
  play: 'M4.5 2.500v11L13 8Z',
  menu: 'M2 4h12M2 8h12M2 12h12',
  close: 'M3.5 3.500l9 9M12.5 3.500l-9 9',
  sun: 'M8 5a3 3 0 1 1 0 6 3 3 0 0 1 0-6M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1' +
    'M12 12l1 1M3 13l1-1M12 4l1-1',
  down: 'M3.5 6 8 10.5 12.5 6',
  up: 'M3.5 10 8 5.5 12.5 10',
  right: 'M6 3.5 10.5 8 6 12.5',
  check: 'M3 8.5 6.5 12 13 4.5',
  download: 'M8 2v8M4.5 7 8 10.5 11.5 7M2.5 13.500h11',
  lock: 'M4 7.500h8v6H4ZM5.5 7.500V5a2.5 2.5 0 0 1 5 0v2.5',
  person: 'M8 2a2.8 2.8 0 1 1 0 5.600A2.8 2.8 0 0 1 8 2' +
    'M2.5 14c.5-3 2.5-4.5 5.5-4.500s5 1.5 5.5 4.5',
  keys: 'M1.5 4h13v8h-13ZM4 7h.2M7 7h.2M10 7h.2M12.5 7h.2M5 9.800h6',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon(
  { name, size = 16 }: { readonly name: IconName; readonly size?: number },
): ReactNode {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
