import type { ReactNode } from 'react';

import type { PolicyRule } from '../../../../collector/policy/policy.ts';
import { Badge } from '../../design/badge.tsx';
import type { Tone } from '../../design/badge.tsx';
import { Name } from '../../design/code.tsx';
import { useWords } from '../../words/catalogue.ts';
import { actionWords, alertKindWords, channelWords, severityWords } from '../../words/domain.ts';
import { policyWords } from '../../words/policy.ts';
import { useLasting } from '../parts/lasting-text.ts';
import css from './policy.module.css';

/** One rule as two sentences: when, then. What it does not ask for is not said. */
const TONES: Readonly<Record<PolicyRule['mode'], Tone>> =
  { observe: 'neutral', propose: 'accent', act: 'warn' };

export function RuleCard({ rule }: { readonly rule: PolicyRule }): ReactNode {
  const words = useWords(policyWords);
  const actions = useWords(actionWords);
  return (
    <article className={css.rule} aria-label={`${words.rule} ${rule.name}`}>
      <header className={css.ruleHead}>
        <h3><Name text={rule.name} /></h3>
        <Badge tone={TONES[rule.mode]}>{words.modes[rule.mode]}</Badge>
      </header>
      <dl className={css.sentences}>
        <div><dt>{words.when}</dt><dd><When rule={rule} /></dd></div>
        <div>
          <dt>{words.doThen}</dt>
          <dd className={css.chips}>
            <strong>{actions[rule.action]}</strong>
            <Terms rule={rule} />
          </dd>
        </div>
      </dl>
    </article>
  );
}

const isAny = (globs: readonly string[]): boolean => globs.length === 0 || globs.includes('*');

function When({ rule: { match } }: { readonly rule: PolicyRule }): ReactNode {
  const words = useWords(policyWords);
  const severities = useWords(severityWords);
  const kinds = useWords(alertKindWords);
  const channels = useWords(channelWords);
  const labels = Object.entries(match.labels).map(([key, value]) => `${key}=${value}`);
  return (
    <span className={css.chips}>
      <span>{words.severityMin(severities[match.severityMin])}</span>
      {match.scoreMin > 0 && <span>{words.scoreMin(match.scoreMin)}</span>}
      {match.podsMin > 1 && <span>{words.podsMin(match.podsMin)}</span>}
      <span>{match.kinds.map((kind) => kinds[kind]).join(' / ')}</span>
      {isAny(match.namespaces)
        ? <span>{words.anyNamespace}</span>
        : <Globs label={words.namespaces} globs={match.namespaces} />}
      {!isAny(match.images) && <Globs label={words.images} globs={match.images} />}
      {labels.length > 0 && <Globs label={words.labels} globs={labels} />}
      {match.channels.length > 0 &&
        <span>{match.channels.map((channel) => channels[channel]).join(' / ')}</span>}
      {match.techniques.length > 0 && <Globs label={words.techniques} globs={match.techniques} />}
    </span>
  );
}

function Globs(
  { label, globs }: { readonly label: string; readonly globs: readonly string[] },
): ReactNode {
  return (
    <span>
      {label}{' '}
      {globs.map((glob) => <Name key={glob} text={glob} className={css.mono} />)}
    </span>
  );
}

function Terms({ rule }: { readonly rule: PolicyRule }): ReactNode {
  const words = useWords(policyWords);
  const actions = useWords(actionWords);
  const lasting = useLasting();
  const { limits } = rule;
  const own = [
    [words.perWorkload, limits.perWorkload],
    [words.perNamespace, limits.perNamespace],
    [words.perNode, limits.perNode],
    [words.perCluster, limits.perCluster],
  ].filter(([, value]) => value !== undefined).map(([name, value]) => `${name} ${value}`);
  const isWatched = rule.action === 'isolate' || rule.action === 'freeze';
  return (
    <>
      {rule.action === 'kill' && <span>{words.grace(rule.graceSeconds)}</span>}
      {rule.fallback.length > 0 && (
        <span>
          {words.fallback}: {rule.fallback.map((action) => actions[action]).join(' → ')}
        </span>
      )}
      {rule.ttlSeconds > 0 && <span>{words.ttl} {lasting(rule.ttlSeconds)}</span>}
      {isWatched && rule.watchSeconds > 0 &&
        <span>{words.watch} {lasting(rule.watchSeconds)}</span>}
      {rule.fourEyes && <span>{words.fourEyes}</span>}
      <span>{words.evidenceTitle}: {words.evidence[rule.evidence]}</span>
      {own.length > 0 && <span>{words.ownLimits}: {own.join(' · ')}</span>}
    </>
  );
}
