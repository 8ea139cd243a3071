import { lazy } from 'react';
import type { ComponentType } from 'react';

import type { Role } from '../../../collector/access/principal.ts';
import type { IconName } from '../design/icon.tsx';
import type { shellWords } from '../words/shell.ts';

/**
 * Every page: its addresses, and its place in the navigation when it has one. A page is a file
 * `pages/<name>/<name>-page.tsx`, loaded when somebody goes there; its parameters come from
 * wouter's `useParams`.
 */
export type PageName = keyof typeof shellWords.en.pages;

export type Place = {
  readonly name: PageName;
  readonly icon: IconName;
  /** Where the navigation leads, and what marks the place as current. */
  readonly path: string;
  readonly pages: readonly { readonly path: string; readonly page: ComponentType }[];
  /** Not in the navigation of those who have not even this. */
  readonly needs?: Role;
};

const page = <K extends string>(
  load: () => Promise<Readonly<Record<K, ComponentType>>>,
  name: K,
): ComponentType => lazy<ComponentType>(async () => ({ default: (await load())[name] }));

const live = page(() => import('../pages/live/live-page.tsx'), 'LivePage');
const incidents = page(() => import('../pages/incident/incidents-page.tsx'), 'IncidentsPage');
const incident = page(() => import('../pages/incident/incident-page.tsx'), 'IncidentPage');
const alert = page(() => import('../pages/incident/alert-page.tsx'), 'AlertPage');
const images = page(() => import('../pages/images/images-page.tsx'), 'ImagesPage');
const profile = page(() => import('../pages/images/profile-page.tsx'), 'ProfilePage');
const egress = page(() => import('../pages/egress/egress-page.tsx'), 'EgressPage');
const blast = page(() => import('../pages/blast/blast-page.tsx'), 'BlastRadiusPage');
const generated = page(() => import('../pages/generated/generated-page.tsx'), 'GeneratedPage');
const fleet = page(() => import('../pages/fleet/fleet-page.tsx'), 'FleetPage');
const responses = page(() => import('../pages/responses/responses-page.tsx'), 'ResponsesPage');
const response = page(() => import('../pages/responses/response-page.tsx'), 'ResponsePage');
const policy = page(() => import('../pages/policy/policy-page.tsx'), 'PolicyPage');
const audit = page(() => import('../pages/audit/audit-page.tsx'), 'AuditPage');
const access = page(() => import('../pages/access/access-page.tsx'), 'AccessPage');
const rules = page(() => import('../pages/rules/rules-page.tsx'), 'RulesPage');
const outputs = page(() => import('../pages/outputs/outputs-page.tsx'), 'OutputsPage');

export const places: readonly Place[] = [
  {
    name: 'live',
    icon: 'live',
    path: '/live',
    pages: [{ path: '/live', page: live }, { path: '/alerts/:id', page: alert }],
  },
  {
    name: 'incidents',
    icon: 'incident',
    path: '/incidents',
    pages: [{ path: '/incidents', page: incidents }, { path: '/incidents/:id', page: incident }],
  },
  {
    name: 'images',
    icon: 'image',
    path: '/images',
    pages: [{ path: '/images', page: images }, { path: '/images/:id', page: profile }],
  },
  { name: 'egress', icon: 'egress', path: '/egress', pages: [{ path: '/egress', page: egress }] },
  {
    name: 'blastRadius',
    icon: 'blast',
    path: '/blast-radius',
    pages: [{ path: '/blast-radius', page: blast }],
  },
  {
    name: 'responses',
    icon: 'response',
    path: '/responses',
    pages: [{ path: '/responses', page: responses }, { path: '/responses/:id', page: response }],
  },
  { name: 'fleet', icon: 'fleet', path: '/fleet', pages: [{ path: '/fleet', page: fleet }] },
  { name: 'policy', icon: 'policy', path: '/policy', pages: [{ path: '/policy', page: policy }] },
  {
    name: 'generated',
    icon: 'generated',
    path: '/generated-policies',
    pages: [{ path: '/generated-policies', page: generated }],
    needs: 'analyst',
  },
  { name: 'rules', icon: 'rules', path: '/rules', pages: [{ path: '/rules', page: rules }] },
  {
    name: 'outputs',
    icon: 'output',
    path: '/outputs',
    pages: [{ path: '/outputs', page: outputs }],
  },
  { name: 'audit', icon: 'audit', path: '/audit', pages: [{ path: '/audit', page: audit }] },
  { name: 'access', icon: 'access', path: '/access', pages: [{ path: '/access', page: access }] },
];
