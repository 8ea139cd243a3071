import type { DecisionKind, DecisionScope } from '../../../baseline/profile/decisions.ts';
import type { Forecast } from '../pages/images/image-rows.ts';
import { catalogue, counted } from './catalogue.ts';

function forecastEn(forecast: Forecast): string {
  switch (forecast.kind) {
    case 'complete':
      return 'complete';
    case 'never':
      return 'not to be expected';
    case 'unknown':
      return 'not known yet';
    case 'minutes':
      return `in about ${forecast.count} min`;
    case 'hours':
      return `in about ${forecast.count} h`;
    case 'days':
      return `in about ${counted(forecast.count, 'day', 'days')}`;
  }
}

function forecastZh(forecast: Forecast): string {
  switch (forecast.kind) {
    case 'complete':
      return '已学全';
    case 'never':
      return '预计无法学全';
    case 'unknown':
      return '尚无法预计';
    case 'minutes':
      return `约 ${forecast.count} 分钟后`;
    case 'hours':
      return `约 ${forecast.count} 小时后`;
    case 'days':
      return `约 ${forecast.count} 天后`;
  }
}

type Kinds = Readonly<Record<DecisionKind, string>>;
const kindsEn: Kinds = {
  accept: 'Accepted',
  reject: 'Rejected',
  lock: 'Locked',
  unlock: 'Unlocked',
  reset: 'Reset',
};
const kindsZh: Kinds = {
  accept: '已接受',
  reject: '已拒绝',
  lock: '已锁定',
  unlock: '已解锁',
  reset: '已重置',
};

type Scopes = Readonly<Record<DecisionScope, string>>;
const scopesEn: Scopes = {
  image: 'this version only',
  lineage: 'all versions of this repository',
  everywhere: 'every image',
};
const scopesZh: Scopes = { image: '仅此版本', lineage: '该仓库的所有版本', everywhere: '全部镜像' };

export const imageWords = catalogue({
  en: {
    title: 'Images',
    lead: 'What Lanner has learned about each image, and how much of it.',
    search: 'Find an image',
    allStates: 'All states',
    state: 'State',
    onlyRunning: 'Running now',
    onlyLocked: 'Locked',
    order: 'Order',
    sortBy: (column: string) => `Sort by ${column}`,
    columns: {
      name: 'Image',
      state: 'State',
      coverage: 'Coverage',
      forecast: 'Complete',
      pods: 'Pods seen',
      nodes: 'Nodes',
      alerts: 'Alerts, 24 h',
    },
    forecast: forecastEn,
    locked: 'Locked',
    notRunning: 'Not running',
    noEvidence: 'Reported by agents; evidence has not arrived yet.',
    shown: (n: number, of: number) => (n === of ? counted(of, 'profile', 'profiles')
      : `${n} of ${counted(of, 'profile', 'profiles')}`),
    none: 'No image has been reported yet',
    noneHint: 'Profiles appear when agents see the first containers. See Fleet for their state.',
    noMatch: 'No image matches these filters',
    clear: 'Clear the filters',
    coverageText: (percent: string) => `${percent} of its normal behaviour is known`,
    of: (share: string, total: string) => `${share} of ${total}`,
  },
  zh: {
    title: '镜像',
    lead: 'Lanner 对每个镜像学到了什么，学到了多少。',
    search: '查找镜像',
    allStates: '全部状态',
    state: '状态',
    onlyRunning: '正在运行',
    onlyLocked: '已锁定',
    order: '排序',
    sortBy: (column) => `按“${column}”排序`,
    columns: {
      name: '镜像',
      state: '状态',
      coverage: '覆盖率',
      forecast: '预计学全',
      pods: '已观察 Pod',
      nodes: '节点数',
      alerts: '24 小时告警',
    },
    forecast: forecastZh,
    locked: '已锁定',
    notRunning: '未运行',
    noEvidence: '代理已上报该镜像，学习数据尚未到达。',
    shown: (n, of) => (n === of ? `共 ${of} 个画像` : `${n} / ${of} 个画像`),
    none: '尚未上报任何镜像',
    noneHint: '代理观察到首批容器后将生成画像。代理状态见“节点”页面。',
    noMatch: '没有符合筛选条件的镜像',
    clear: '清除筛选',
    coverageText: (percent) => `已掌握其 ${percent} 的正常行为`,
    of: (share, total) => `${share} / ${total}`,
  },
});

export const profileWords = catalogue({
  en: {
    back: 'All images',
    tabsLabel: 'About this profile',
    progress: 'Clean run',
    tabs: {
      overview: 'Overview',
      behaviours: 'Behaviours',
      versions: 'Versions',
      decisions: 'Decisions',
    },
    facts: {
      digest: 'Digest',
      workload: 'Workload',
      nodes: 'Nodes running it',
      pods: 'Pods seen',
      observations: 'Observations',
      windows: 'Pod-windows',
      updated: 'Last learned',
      complete: 'Learning complete',
      generation: 'Learned anew since',
    },
    coverage: 'Coverage over time',
    coverageNone: 'There is no history yet; a point is kept every few minutes while it learns.',
    coverageSummary: (from: string, to: string, start: string, end: string) =>
      `Coverage from ${from} (${start}) to ${to} (${end}).`,
    coverageComplete: (time: string) => `Learning became complete at ${time}.`,
    coverageGrowth: (percent: string) => `${percent} in the last hour.`,
    coverageHelp: 'Arrow keys walk along the curve.',
    point: (time: string, percent: string, pods: number) =>
      `${time}: ${percent}, ${counted(pods, 'pod', 'pods')}`,
    asTable: 'The curve as a table',
    coverageShort: 'Coverage',
    stateShort: 'State',
    time: 'Time',
    channels: 'What it has learned, by channel',
    channel: 'Channel',
    behaviours: 'Behaviours',
    strong: 'A single novelty here raises an alert once learning is complete.',
    weak: 'Weak evidence: novelties here count together with others.',
    clean: (clean: number, needed: number) => `${clean} of ${needed} clean pod-windows`,
    isComplete: 'Complete',
    isLearning: 'Learning',
    byPods: 'over several pods',
    byWindows: 'one pod alone, a weaker claim',
    allChannels: 'All channels',
    findBehaviour: 'Find a behaviour',
    shownBehaviours: (n: number, of: number) => (n === of ? counted(of, 'behaviour', 'behaviours')
      : `${n} of ${counted(of, 'behaviour', 'behaviours')}`),
    behaviour: 'Behaviour',
    seenIn: 'Seen in',
    seenPods: (n: number, isAtLeast: boolean) =>
      `${isAtLeast ? '≥ ' : ''}${counted(n, 'pod', 'pods')}`,
    seenReporters: (n: number) => counted(n, 'node', 'nodes'),
    first: 'First seen',
    last: 'Last seen',
    ruling: 'Decision',
    noBehaviours: 'Nothing has been learned here yet',
    noBehavioursHint: 'Behaviours appear when an agent sends what it saw; within a minute or so.',
    noMatch: 'No behaviour matches',
    waiting: 'Waiting for a second pod',
    waitingLead: 'One pod of this version showed this and nobody trusts it yet.',
    raised: 'raised',
    suspicious: 'suspicious',
    accept: 'Approve',
    reject: 'Reject',
    acceptOne: (value: string) => `Approve ${value}`,
    rejectOne: (value: string) => `Reject ${value}`,
    acceptSelected: (n: number) => `Approve ${counted(n, 'behaviour', 'behaviours')}`,
    rejectSelected: (n: number) => `Reject ${counted(n, 'behaviour', 'behaviours')}`,
    acceptLead: 'Counts as known and trusted from now on, however few pods showed it.',
    rejectLead: 'Is raised every time from now on, even where the profile holds it.',
    select: (value: string) => `Select ${value}`,
    selectAll: 'Select all that is new',
    selected: (n: number) => `${n} selected`,
    scope: 'Where it holds',
    scopes: scopesEn,
    why: 'Why',
    whyHint: 'The audit keeps it with your name.',
    versionsLead: 'The versions of this repository, the newest first.',
    version: 'Version',
    versionSeen: 'Last learned',
    thisVersion: 'this one',
    onlyVersion: 'This is the only version that Lanner has seen.',
    compare: 'Compare',
    compareFrom: 'Before',
    compareTo: 'After',
    diffSummary: (added: number, removed: number, changed: number) =>
      `${added} new, ${removed} gone, ${changed} changed`,
    added: 'New',
    removed: 'Gone',
    changed: 'Changed',
    noDiff: 'Both versions do the same',
    noDiffHint: 'Nothing that one has and the other has not.',
    goneLead: 'Expires by itself when the new version has had its clean run.',
    decisionsLead: 'What people decided about this profile and is in force.',
    noDecisions: 'Nothing has been decided about this profile',
    noDecisionsHint: 'Approve or reject behaviours here, or learn from an alert.',
    decision: 'Decision',
    kinds: kindsEn,
    by: 'By',
    at: 'When',
    about: 'About',
    wholeProfile: 'the whole profile',
    undo: 'Undo',
    undoOne: (what: string) => `Undo: ${what}`,
    undoLead: 'It no longer holds from now on. What was decided before it holds again.',
    lock: 'Lock',
    unlock: 'Unlock',
    reset: 'Reset',
    export: 'Export',
    exportName: 'Export the profile as YAML',
    lockThing: (name: string) => `Lock ${name}`,
    unlockThing: (name: string) => `Unlock ${name}`,
    resetThing: (name: string) => `Reset ${name}`,
    lockLead: 'It learns nothing new from then on. Whatever it does not hold is raised at once, ' +
      'as in a complete profile.',
    unlockLead: 'It learns again. What was raised meanwhile can become known.',
    resetLead: 'Everything learned until now is forgotten, here and on every agent, and learning ' +
      'begins anew. Until it is complete, only strong signs raise alerts. Decisions stay. ' +
      'The profile itself does not come back by undoing this.',
    resetConfirm: 'I understand that what was learned is gone',
  },
  zh: {
    back: '全部镜像',
    tabsLabel: '画像内容',
    progress: '无新行为观察期',
    tabs: { overview: '概览', behaviours: '行为', versions: '版本', decisions: '人工决定' },
    facts: {
      digest: '摘要',
      workload: '工作负载',
      nodes: '运行节点数',
      pods: '已观察 Pod',
      observations: '观察次数',
      windows: 'Pod 时间窗',
      updated: '最近学习',
      complete: '预计学全',
      generation: '重新学习始于',
    },
    coverage: '覆盖率变化',
    coverageNone: '暂无历史数据；学习期间每隔数分钟记录一次。',
    coverageSummary: (from, to, start, end) => `覆盖率从 ${from}（${start}）变为 ${to}（${end}）。`,
    coverageComplete: (time) => `${time} 已学全。`,
    coverageGrowth: (percent) => `最近一小时变化 ${percent}。`,
    coverageHelp: '可用方向键沿曲线移动。',
    point: (time, percent, pods) => `${time}：${percent}，${pods} 个 Pod`,
    asTable: '以表格显示曲线',
    coverageShort: '覆盖率',
    stateShort: '状态',
    time: '时间',
    channels: '各通道的学习情况',
    channel: '通道',
    behaviours: '行为数',
    strong: '学全后，此通道出现任何一个新行为都会立即告警。',
    weak: '弱证据：此通道的新行为须与其他证据合并判断。',
    clean: (clean, needed) => `${clean} / ${needed} 个无新行为的 Pod 时间窗`,
    isComplete: '已学全',
    isLearning: '学习中',
    byPods: '基于多个 Pod',
    byWindows: '仅一个 Pod，置信度较低',
    allChannels: '全部通道',
    findBehaviour: '查找行为',
    shownBehaviours: (n, of) => (n === of ? `共 ${of} 条行为` : `${n} / ${of} 条行为`),
    behaviour: '行为',
    seenIn: '出现于',
    seenPods: (n, isAtLeast) => `${isAtLeast ? '≥ ' : ''}${n} 个 Pod`,
    seenReporters: (n) => `${n} 个节点`,
    first: '首次出现',
    last: '最近出现',
    ruling: '决定',
    noBehaviours: '此处尚未学到任何行为',
    noBehavioursHint: '代理上报所见后即会显示，通常在一分钟之内。',
    noMatch: '没有匹配的行为',
    waiting: '等待第二个 Pod 印证',
    waitingLead: '该版本仅有一个 Pod 出现过以下行为，尚不可信。',
    raised: '已告警',
    suspicious: '可疑',
    accept: '批准',
    reject: '拒绝',
    acceptOne: (value) => `批准 ${value}`,
    rejectOne: (value) => `拒绝 ${value}`,
    acceptSelected: (n) => `批准 ${n} 条行为`,
    rejectSelected: (n) => `拒绝 ${n} 条行为`,
    acceptLead: '自此视为已知且可信，无论有多少 Pod 出现过。',
    rejectLead: '自此每次出现都会告警，即使画像中已有该行为。',
    select: (value) => `选择 ${value}`,
    selectAll: '选择全部新增',
    selected: (n) => `已选 ${n} 条`,
    scope: '适用范围',
    scopes: scopesZh,
    why: '原因',
    whyHint: '审计日志将记录原因和您的姓名。',
    versionsLead: '该仓库的各个版本，最新的在前。',
    version: '版本',
    versionSeen: '最近学习',
    thisVersion: '当前版本',
    onlyVersion: 'Lanner 只见过这一个版本。',
    compare: '比较',
    compareFrom: '之前',
    compareTo: '之后',
    diffSummary: (added, removed, changed) => `新增 ${added}，消失 ${removed}，变化 ${changed}`,
    added: '新增',
    removed: '消失',
    changed: '变化',
    noDiff: '两个版本行为一致',
    noDiffHint: '没有只属于其中一个版本的行为。',
    goneLead: '新版本完成无新行为的观察期后自动失效。',
    decisionsLead: '对此画像生效的人工决定。',
    noDecisions: '对此画像没有人工决定',
    noDecisionsHint: '可在此批准或拒绝行为，也可从告警中学习。',
    decision: '决定',
    kinds: kindsZh,
    by: '决定人',
    at: '时间',
    about: '内容',
    wholeProfile: '整个画像',
    undo: '撤销',
    undoOne: (what) => `撤销：${what}`,
    undoLead: '自此不再生效，此前的决定恢复生效。',
    lock: '锁定',
    unlock: '解锁',
    reset: '重置',
    export: '导出',
    exportName: '导出 YAML 格式的画像',
    lockThing: (name) => `锁定 ${name}`,
    unlockThing: (name) => `解锁 ${name}`,
    resetThing: (name) => `重置 ${name}`,
    lockLead: '自此不再学习任何新行为；画像之外的行为立即告警，与已学全的画像相同。',
    unlockLead: '恢复学习，期间告警过的行为可能成为已知行为。',
    resetLead: '至今学到的全部内容将在此处和所有代理上清除并重新学习。学全之前，只有强迹象才会告警。' +
      '人工决定予以保留。撤销此操作不能恢复画像内容。',
    resetConfirm: '我了解已学内容将被清除',
  },
});
