import { readRecording } from './recording.ts';
import { LannerDetector } from './lanner.ts';
import { score } from './score.ts';

const recording = readRecording(process.argv[2] ?? '');
const t = process.cpuUsage();
const run = new LannerDetector().run(recording.events, recording.testStartMs);
console.log('cpu', process.cpuUsage(t).user / 1e6, 'malformed', recording.malformed);
const { score: s, detail } = score(recording, run);
console.log(s);
const rel = (ms: number) => ((ms - recording.trainStartMs) / 1000).toFixed(1);
for (const [id, d] of detail.detections) console.log(id, d.seconds.toFixed(2), d.alerts.size);
console.log('FALSE');
for (const a of detail.falseAlerts) console.log(rel(Math.max(...a.eventMs)), a.pod, a.text);
console.log('UPGRADE');
for (const a of detail.upgradeFalse) console.log(rel(Math.max(...a.eventMs)), a.pod, a.text);
console.log('MAINT');
for (const a of detail.maintenance) console.log(rel(Math.max(...a.eventMs)), a.pod, a.text);
console.log('LEARNED', run.learned);
console.log('TRAIN alerts');
const ids = new Set<string>();
for (const a of run.alerts) { if (ids.has(a.id)) continue; ids.add(a.id); if (a.informational || a.saidMs < recording.testStartMs) console.log(rel(a.saidMs), a.pod, a.text); }
