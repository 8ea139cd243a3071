import { Counter } from 'prom-client';
import type { Registry } from 'prom-client';

import { channels } from '../baseline/alert.ts';
import type { Alert } from '../baseline/alert.ts';
import { BoundedLabel, IMAGE_FORM, NAMESPACE_FORM, TECHNIQUE_FORM } from './bounded-label.ts';

/**
 * Where alerts come from, for dashboards. Each alert counts once for its namespace, image, technique
 * and channel, however many revisions of it arrive: the newest `ALERTS_KNOWN_MAX` are remembered,
 * and a revision of an older one counts again.
 */
export const NAMESPACES_MAX = 100;
export const IMAGES_MAX = 200;
export const TECHNIQUES_MAX = 100;
const ALERTS_KNOWN_MAX = 4_096;
/** Of the node itself, or of a pod that nobody could name. */
const NO_NAMESPACE = '_none';

type CountedAlert =
  Pick<Alert, 'id' | 'namespace' | 'severity' | 'techniques'> & {
    readonly image: Pick<Alert['image'], 'repository'>;
    readonly behaviours: readonly Pick<Alert['behaviours'][number], 'channel'>[];
  };

/** Two, so that each of a pair of Prometheus servers sees the zero once. */
const ZERO_SCRAPES = 2;

/**
 * A counter whose series appear when they are first counted. `increase()` needs a value before the
 * first event, so a new series is shown at zero first and catches up a scrape later.
 */
class LateCounter {
  readonly #series = new Map<string, {
    readonly labels: Readonly<Record<string, string>>;
    count: number;
    scrapes: number;
  }>();

  constructor(registry: Registry, name: string, help: string, labelNames: readonly string[]) {
    const series = this.#series;
    new Counter({
      name: `lanner_collector_${name}`,
      help,
      labelNames: [...labelNames],
      registers: [registry],
      collect() {
        this.reset();
        for (const one of series.values()) {
          this.inc(one.labels, one.scrapes < ZERO_SCRAPES ? 0 : one.count);
          one.scrapes += 1;
        }
      },
    });
  }

  inc(labels: Readonly<Record<string, string>>): void {
    const key = JSON.stringify(labels);
    const one = this.#series.get(key) ?? { labels, count: 0, scrapes: 0 };
    one.count += 1;
    this.#series.set(key, one);
  }
}

export class AlertMetrics {
  readonly #namespaces = new BoundedLabel(NAMESPACE_FORM, NAMESPACES_MAX);
  readonly #images = new BoundedLabel(IMAGE_FORM, IMAGES_MAX);
  readonly #techniques = new BoundedLabel(TECHNIQUE_FORM, TECHNIQUES_MAX);
  readonly #known = new Map<string, Set<string>>();
  readonly #byNamespace: LateCounter;
  readonly #byImage: LateCounter;
  readonly #byTechnique: LateCounter;
  readonly #byChannel: Counter<'channel'>;

  constructor(registry: Registry) {
    this.#byNamespace = new LateCounter(
      registry,
      'namespace_alerts_total',
      'Alerts by namespace, a new one at zero for two scrapes; _none, and _other beyond the bound',
      ['namespace', 'severity'],
    );
    this.#byImage = new LateCounter(
      registry,
      'image_alerts_total',
      'Alerts by image repository, a new one at zero for two scrapes; _other beyond the bound',
      ['image'],
    );
    this.#byTechnique = new LateCounter(
      registry,
      'technique_alerts_total',
      'Alerts by ATT&CK technique, a new one at zero for two scrapes; _other beyond the bound',
      ['technique'],
    );
    this.#byChannel = new Counter({
      name: 'lanner_collector_channel_alerts_total',
      help: 'Alerts by the channels in which their behaviours fell outside',
      labelNames: ['channel'],
      registers: [registry],
    });
    for (const channel of channels) this.#byChannel.inc({ channel }, 0);
  }

  count(alert: CountedAlert): void {
    const { namespace, severity, image, techniques, behaviours } = alert;
    const counted = this.#countedOf(alert.id);
    const once = (key: string, count: () => void): void => {
      if (counted.has(key)) return;
      counted.add(key);
      count();
    };
    once('alert', () => {
      const known = namespace === '' ? NO_NAMESPACE : this.#namespaces.of(namespace);
      this.#byNamespace.inc({ namespace: known, severity });
      if (image.repository === '') return;
      this.#byImage.inc({ image: this.#images.of(image.repository) });
    });
    for (const technique of techniques) {
      const known = this.#techniques.of(technique);
      once(`technique ${known}`, () => this.#byTechnique.inc({ technique: known }));
    }
    for (const { channel } of behaviours) {
      once(`channel ${channel}`, () => this.#byChannel.inc({ channel }));
    }
  }

  #countedOf(id: string): Set<string> {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    if (this.#known.size >= ALERTS_KNOWN_MAX) {
      const [oldest] = this.#known.keys();
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    const counted = new Set<string>();
    this.#known.set(id, counted);
    return counted;
  }
}
