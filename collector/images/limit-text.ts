import type { Words } from '../../baseline/alert.ts';
import type { LimitCode } from './blast-words.ts';

/** What an answer cannot know, in words. `{n}` is how many it is about, `{first}` the first. */
const TEXTS: Readonly<Record<LimitCode, Words>> = {
  'unknown-image': {
    en: 'No node, alert or build ever told of this image.',
    zh: '没有任何节点、告警或构建提到过该镜像。',
  },
  'no-layers': {
    en: 'The layers of this image are not known: it was compared by digest and repository alone.',
    zh: '该镜像的层未知：仅按摘要和仓库比较。',
  },
  'images-without-layers': {
    en: 'Of {n} recorded images the layers are not known: they may be built on it, too.',
    zh: '{n} 个已记录镜像的层未知：它们也可能基于该镜像。',
  },
  'several-layer-lists': {
    en: 'Several lists of layers are told of {n} digests: platforms of one tag, or nodes that ' +
      'disagree. All of them were looked for.',
    zh: '{n} 个摘要有多份层列表：可能是同一标签的多个平台，也可能是节点说法不一。均已查找。',
  },
  'nodes-without-layers': {
    en: '{n} nodes cannot tell layers: their agents are not connected to the container runtime.',
    zh: '{n} 个节点无法提供层信息：其代理未连接容器运行时。',
  },
  'nodes-without-runs': {
    en: '{n} nodes do not report which images they run: of them only pods with alerts are counted.',
    zh: '{n} 个节点不报告所运行的镜像：仅统计其有告警的 Pod。',
  },
  'nodes-silent': {
    en: '{n} nodes have not been heard of for more than 30 minutes: ' +
      'what runs there now is not known.',
    zh: '{n} 个节点超过 30 分钟没有消息：其当前运行内容未知。',
  },
  gaps: {
    en: 'Events were lost {n} times in these days: a pod that lived only then may be missing.',
    zh: '这些天内有 {n} 次事件丢失：仅在当时存在的 Pod 可能缺失。',
  },
  'record-begins': {
    en: 'The record begins at {first}: what ran only before it is missing.',
    zh: '记录始于 {first}：仅在此之前运行的内容缺失。',
  },
  'record-kept': {
    en: 'Only {first} days are kept: what ran only before is missing.',
    zh: '仅保留 {first} 天：仅在此之前运行的内容缺失。',
  },
  'profiles-unread': {
    en: '{first} profiles have not been read yet: ask again in a moment.',
    zh: '还有 {first} 个画像尚未读取：请稍后重试。',
  },
  'alerts-bound': {
    en: 'There are more alerts than were looked at: narrow the days.',
    zh: '告警多于已查看的数量：请缩小天数。',
  },
  'images-bound': {
    en: 'More than {first} images match: the others were not looked at.',
    zh: '匹配的镜像超过 {first} 个：其余未查看。',
  },
  'runs-bound': {
    en: 'There are more pods than were counted: narrow the days or the cluster.',
    zh: 'Pod 多于已统计的数量：请缩小天数或集群。',
  },
  'behaviours-bound': {
    en: 'Of the behaviours of this alert only the first {first} were looked for.',
    zh: '仅查找了该告警的前 {first} 个行为。',
  },
};

export type Limit = {
  readonly code: LimitCode;
  readonly text: Words;
  readonly about: readonly string[];
};

const ABOUT_MAX = 20;

export function limitOf(code: LimitCode, about: readonly string[], count = about.length): Limit {
  const fill = (text: string): string =>
    // Not replace(): a name of an image must not be taken for a pattern of it.
    text.split('{n}').join(String(count)).split('{first}').join(about[0] ?? '');
  const { en, zh } = TEXTS[code];
  return { code, text: { en: fill(en), zh: fill(zh) }, about: about.slice(0, ABOUT_MAX) };
}
