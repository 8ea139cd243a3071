import { HERE, increase, inRange, level, rate } from './panel.ts';
import type { Dashboard } from './panel.ts';

export const detection: Dashboard = {
  uid: 'lanner-detection',
  title: 'Lanner / Detection',
  description: 'How well the images are known, and what false alarms they cost.',
  rows: [{
    title: 'Learning',
    panels: [{
      kind: 'stat',
      title: 'Image profiles',
      description: 'never-complete: what such an image does keeps changing, and is weak evidence.',
      queries: [{ expr: level('profiles', ['state']), legend: '{{state}}' }],
      unit: 'short',
      width: 12,
    }, {
      kind: 'stat',
      title: 'Images not shown',
      description: 'Beyond the 200 with the most pods; they are in the list of images.',
      queries: [{ expr: level('images_left_out'), legend: 'images' }],
      unit: 'short',
      width: 6,
    }, {
      kind: 'stat',
      title: 'Decisions about profiles',
      description: 'Behaviours accepted, rejected, locked and undone by people in the time shown.',
      queries: [{
        expr: `${inRange('collector_profile_decisions_total')} or vector(0)`,
        legend: 'decisions',
      }],
      unit: 'short',
      width: 6,
    }, {
      kind: 'bargauge',
      title: 'Least covered images',
      description: 'Share of an image’s normal behaviour that its least known profile holds.',
      queries: [{
        expr: `bottomk(20, min by (image) (lanner_collector_image_coverage_ratio{${HERE}}))`,
        legend: '{{image}}',
      }],
      unit: 'percentunit',
      width: 12,
      min: 0,
      max: 1,
      low: 'red',
      thresholds: [[0.8, 'orange'], [0.95, 'green']],
    }, {
      kind: 'timeseries',
      title: 'Coverage of the least covered images',
      description: 'A line that stays flat below the top for days is an image that does not settle.',
      queries: [{
        expr: `bottomk(10, min by (image) (lanner_collector_image_coverage_ratio{${HERE}}))`,
        legend: '{{image}}',
      }],
      unit: 'percentunit',
      width: 12,
      min: 0,
      max: 1,
    }, {
      kind: 'timeseries',
      title: 'Profiles that learn, by image',
      description: 'A new version of an image begins with what its predecessor knew.',
      queries: [{
        expr: `topk(10, ${level('image_profiles_learning', ['image'])})`,
        legend: '{{image}}',
      }],
      unit: 'short',
      width: 12,
      min: 0,
    }, {
      kind: 'timeseries',
      title: 'Profile documents from agents',
      description: 'merged and unchanged are normal; the others say why a document was not taken.',
      queries: [{
        expr: rate('collector_evidence_total', { by: ['outcome'] }),
        legend: '{{outcome}}',
      }],
      unit: 'ops',
      width: 12,
      min: 0,
    }],
  }, {
    title: 'Alarms against their budget',
    panels: [{
      kind: 'bargauge',
      title: 'Share of the budget that was used',
      description: 'Alarms within seven days against what the false-alarm budget allows an image.',
      queries: [{
        expr: `topk(20, max by (image) (lanner_collector_image_alarms{${HERE}}) / ` +
          `(max by (image) (lanner_collector_image_alarms_allowed{${HERE}}) > 0))`,
        legend: '{{image}}',
      }],
      unit: 'percentunit',
      width: 12,
      min: 0,
      thresholds: [[1, 'orange'], [3, 'red']],
    }, {
      kind: 'timeseries',
      title: 'Alarms and what is allowed',
      description: 'Of all images, within seven days. Above the line there is an attack, or noise.',
      queries: [
        { expr: level('image_alarms'), legend: 'raised' },
        { expr: level('image_alarms_allowed'), legend: 'allowed' },
      ],
      unit: 'short',
      width: 12,
      min: 0,
    }],
  }, {
    title: 'Findings',
    panels: [{
      kind: 'timeseries',
      title: 'Alerts by dimension',
      description: 'In which channels they fell outside; one alert can be in several.',
      queries: [{
        expr: increase('collector_channel_alerts_total', { by: ['channel'] }),
        legend: '{{channel}}',
      }],
      unit: 'short',
      width: 12,
      isStacked: true,
      min: 0,
    }, {
      kind: 'timeseries',
      title: 'Alerts by kind',
      description: 'anomaly, Falco rule, operator session, upgrade of an image, sensor.',
      queries: [{
        expr: increase('collector_alerts_total', { by: ['kind'] }),
        legend: '{{kind}}',
      }],
      unit: 'short',
      width: 12,
      isStacked: true,
      min: 0,
    }],
  }],
};
