import { useContext, useState } from 'react';
import type { ReactNode } from 'react';

import { Button } from '../../design/button.tsx';
import { SelectField, TextField } from '../../design/field.tsx';
import { Panel } from '../../design/page.tsx';
import { Notice } from '../../design/states.tsx';
import { NowContext } from '../../design/time.tsx';
import { useWords } from '../../words/catalogue.ts';
import { egressWords } from '../../words/egress.ts';
import { localTimeOf, timeOfLocal } from '../parts/local-time.ts';
import { protocols, readWho, whoFormOf, windows } from './who-query.ts';
import type { WhoForm as Form } from './who-query.ts';
import css from './egress.module.css';

/** What was asked stands in the address of the page; what is typed does not until it is asked. */
export function WhoForm(
  { search, onAsk }: {
    readonly search: URLSearchParams;
    readonly onAsk: (form: Form) => void;
  },
): ReactNode {
  const words = useWords(egressWords);
  const now = useContext(NowContext);
  const [form, setForm] = useState(() => whoFormOf(search, now));
  const [isTried, setTried] = useState(false);
  const set = (key: keyof Form) => (value: string): void => setForm({ ...form, [key]: value });
  const read = readWho(form);
  const ask = (): void => {
    setTried(true);
    if (read.ok) onAsk({ ...form, nodeIp: form.nodeIp.trim(), dst: form.dst.trim() });
  };
  return (
    <Panel>
      <form
        className={css.form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          ask();
        }}
      >
        <p className={css.lead}>{words.whoLead}</p>
        <div className={css.fields}>
          <TextField label={words.nodeIp} hint={words.nodeIpHint} isRequired maxLength={64}
            placeholder="10.0.3.7" value={form.nodeIp} onChange={set('nodeIp')} />
          <TextField label={words.dst} hint={words.dstHint} isRequired maxLength={80}
            placeholder="203.0.113.9:443" value={form.dst} onChange={set('dst')} />
          <TextField label={words.at(zoneOf(form.at))} hint={utcOf(form.at)} isRequired
            type="datetime-local" step={1} value={localTimeOf(form.at)}
            onChange={(value) => set('at')(timeOfLocal(value))} />
          <SelectField label={words.window} value={form.window} onChange={set('window')}
            options={windows.map((value) => ({ value, label: `± ${words.windows[value]}` }))} />
          <TextField label={words.srcPort} hint={words.srcPortHint} inputMode="numeric"
            maxLength={5} value={form.srcPort} onChange={set('srcPort')} />
          <SelectField label={words.protocol} value={form.protocol} onChange={set('protocol')}
            options={[
              { value: '', label: words.anyProtocol },
              ...protocols.map((value) => ({ value, label: value })),
            ]} />
        </div>
        {isTried && !read.ok && <Notice tone="bad">{words.wrong[read.wrong]}</Notice>}
        <div>
          <Button type="submit" look="main" icon="search">{words.ask}</Button>
        </div>
      </form>
    </Panel>
  );
}

/** Of that day: summer time moves it. */
function zoneOf(time: string): string {
  const minutes = -new Date(time === '' ? Date.now() : time).getTimezoneOffset();
  const two = (n: number): string => String(n).padStart(2, '0');
  return `UTC${minutes < 0 ? '−' : '+'}${two(Math.floor(Math.abs(minutes) / 60))}:` +
    two(Math.abs(minutes) % 60);
}

const utcOf = (time: string): string =>
  (time === '' ? '–' : `${time.slice(0, 19).replace('T', ' ')} UTC`);
