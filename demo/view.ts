import type { Alert } from '../baseline/alert.ts';
import type { ImageProgress } from '../baseline/progress.ts';
import { formatAlertLine } from '../collector/cli/format-alert.ts';
import { escapeText } from '../collector/cli/terminal.ts';
import type { DemoOptions } from './options.ts';

/**
 * What a person at the terminal sees: the alerts as they come, and below them one line that is
 * rewritten with the progress. Without a terminal the progress is a line now and then.
 */
export class View {
  readonly #options: DemoOptions;
  readonly #isTerminal: boolean;
  #shown = '';
  #last = { events: 0, ms: 0 };

  constructor(options: DemoOptions) {
    this.#options = options;
    this.#isTerminal = process.stderr.isTTY && !options.headless;
  }

  say(text: string): void {
    this.#clear();
    process.stderr.write(`${text}\n`);
    this.#draw();
  }

  alert(alert: Alert): void {
    const colour = this.#isTerminal && !process.env['NO_COLOR'];
    const { language } = this.#options;
    const width = this.#isTerminal ? { width: process.stderr.columns, wrap: true } : {};
    this.say(formatAlertLine(alert, { colour, language, ...width }));
  }

  progress(events: number, images: readonly ImageProgress[], ms: number): void {
    const seconds = (ms - this.#last.ms) / 1000;
    const rate = Math.round((events - this.#last.events) / seconds);
    // The first time there is nothing to compare with.
    const pace = this.#last.ms === 0 ? [] : [`${count(rate)}/s`];
    this.#last = { events, ms };
    const parts = images.filter(({ image }) => image.repository !== '').map(imageText);
    const text = [`${count(events)} events`, ...pace, ...parts].join(' · ');
    if (!this.#isTerminal) {
      process.stderr.write(`${text}\n`);
      return;
    }
    this.#clear();
    this.#shown = text;
    this.#draw();
  }

  end(): void {
    this.#clear();
    this.#shown = '';
  }

  #clear(): void {
    if (this.#isTerminal && this.#shown !== '') process.stderr.write('\r\u001b[2K');
  }

  #draw(): void {
    if (!this.#isTerminal || this.#shown === '') return;
    process.stderr.write(this.#shown.slice(0, Math.max(20, process.stderr.columns - 1)));
  }
}

function imageText({ image, state, coverage }: ImageProgress): string {
  const name = escapeText(`${image.repository.split('/').pop() ?? ''}:${image.tag}`);
  return state === 'complete' ? `${name} ✓` : `${name} ${Math.round(coverage * 100)} %`;
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
