import type { GapCause, SensorState } from '../../../proto/lanner/v1/frames.ts';
import type { AgentHealth } from '../pages/fleet/agent-health.ts';
import { catalogue, counted } from './catalogue.ts';

type Healths = Readonly<Record<AgentHealth, string>>;
const healthsEn: Healths = {
  silent: 'Silent',
  blind: 'Blind',
  waiting: 'Connecting to Falco',
  behind: 'Behind',
  losing: 'Losing events',
  well: 'Well',
};
const healthsZh: Healths = {
  silent: '失联',
  blind: '无事件',
  waiting: '正在连接 Falco',
  behind: '滞后',
  losing: '丢失事件',
  well: '正常',
};

/** What it means, and what to do. */
const adviceEn: Healths = {
  silent: 'The agent has no link to the collector. It goes on judging and keeps its alerts, but ' +
    'nobody sees them and nothing can be frozen there. On that node: is the lanner-agent pod ' +
    'running? Its log says why the link fails (certificate, address, network policy). If the ' +
    'node was removed from the cluster, nothing needs to be done.',
  blind: 'The agent runs, but Falco sends nothing: nothing on this node is judged. Is the falco ' +
    'pod running, and is its gRPC socket mounted into the agent? The detail says what the agent ' +
    'was told last.',
  waiting: 'The agent is connecting to Falco. If this lasts longer than a minute, look at the ' +
    'falco pod of this node.',
  behind: 'Alerts arrive late. Many pending alerts mean a slow link or collector; a high lag ' +
    'with none pending means that the node is short of CPU.',
  losing: 'Falco or the agent loses events now; what was in them was not judged. Give Falco a ' +
    'larger buffer or the node more CPU; the gaps say which of the two it is.',
  well: 'Events come and are judged.',
};
const adviceZh: Healths = {
  silent: '该代理与采集中心没有连接。它仍在本地检测并保存告警，但无人能看到，也无法在该节点执行冻结。' +
    '请检查该节点上的 lanner-agent Pod 是否运行，其日志会说明连接失败的原因（证书、地址、网络策略）。' +
    '如果该节点已从集群移除，则无需处理。',
  blind: '代理在运行，但 Falco 没有发送任何事件，该节点未受检测。' +
    '请检查 falco Pod 是否运行、其 gRPC 套接字是否已挂载到代理。详情为代理最后得到的信息。',
  waiting: '代理正在连接 Falco。若超过一分钟，请检查该节点的 falco Pod。',
  behind: '告警到达延迟。待发告警多表示链路或采集中心缓慢；延迟高而无待发告警表示节点 CPU 不足。',
  losing: 'Falco 或代理正在丢失事件，丢失的部分未经检测。' +
    '请增大 Falco 缓冲区或增加节点 CPU；具体是哪一种见监测缺口。',
  well: '事件正常到达并检测。',
};

type Sensors = Readonly<Record<SensorState, string>>;
const sensorsEn: Sensors = {
  unknown: 'not told',
  connecting: 'connecting',
  streaming: 'streaming',
  disconnected: 'disconnected',
  ended: 'ended',
};
const sensorsZh: Sensors = {
  unknown: '未知',
  connecting: '连接中',
  streaming: '正常接收',
  disconnected: '已断开',
  ended: '已结束',
};

type Causes = Readonly<Record<GapCause, string>>;
const causesEn: Causes = {
  'falco-drop': 'Falco dropped events in the kernel: its buffer was full.',
  'falco-restart': 'Falco restarted. What happened until it was back was not seen.',
  'falco-silent': 'Falco sent nothing although containers were running.',
  overload: 'The agent could not keep up and left events unjudged.',
  'outbox-lost': 'Alerts that the collector had not acknowledged were lost on the node.',
  'flows-dropped': 'Who connected where in this time is not known in full.',
};
const causesZh: Causes = {
  'falco-drop': 'Falco 内核缓冲区已满，丢弃了事件。',
  'falco-restart': 'Falco 重启，恢复之前发生的事件未被观察到。',
  'falco-silent': '有容器在运行，但 Falco 没有发送任何事件。',
  overload: '代理处理不过来，部分事件未经检测。',
  'outbox-lost': '采集中心尚未确认的告警在该节点上丢失。',
  'flows-dropped': '这段时间内的连接记录不完整。',
};

export const fleetWords = catalogue({
  en: {
    title: 'Fleet',
    lead: 'The agents on the nodes, what they see and what they missed.',
    search: 'Find a node',
    all: 'All',
    health: healthsEn,
    advice: adviceEn,
    sensor: sensorsEn,
    causes: causesEn,
    totals: 'The whole fleet',
    agents: (n: number) => counted(n, 'agent', 'agents'),
    eventsPerSecond: 'events a second',
    agentVersions: 'Agent',
    falcoVersions: 'Falco',
    mixed: 'More than one version runs: a rollout, or one that got stuck.',
    columns: {
      node: 'Node',
      state: 'State',
      sensor: 'Falco',
      rate: 'Events/s',
      drops: 'Dropped',
      lag: 'Lag',
      pending: 'Pending',
      images: 'Images',
      versions: 'Versions',
      seen: 'Last heard',
    },
    noRate: 'needs two reports',
    details: (node: string) => `Details of ${node}`,
    facts: {
      cluster: 'Cluster',
      connected: 'Connected since',
      lastSeen: 'Last heard of',
      received: 'Events received',
      judged: 'Events judged',
      dropped: 'Events dropped',
      capabilities: 'Capabilities',
      protocol: 'Link protocol',
      detail: 'Detail of the sensor',
      noCapabilities: 'none: it can only watch',
    },
    whatToDo: 'What to do',
    none: 'No agent has connected yet',
    noneHint: 'Install the agent with the Helm chart and give it the collector’s address. ' +
      'An agent shows here with its first connection.',
    noMatch: 'No node matches these filters',
    clear: 'Clear the filters',
    gaps: 'Gaps',
    gapsLead: 'When something was not seen, and why. In these times silence proves nothing.',
    gapColumns: { node: 'Node', from: 'From', to: 'To', lasted: 'Lasted', cause: 'What happened',
      lost: 'Events lost' },
    gapsNone: 'No gap was reported',
    gapsNoneHint: 'Every agent says that it saw everything.',
    lostUnknown: 'nobody knows',
    older: 'Show older gaps',
  },
  zh: {
    title: '节点',
    lead: '各节点上的代理、它们看到了什么、漏掉了什么。',
    search: '查找节点',
    all: '全部',
    health: healthsZh,
    advice: adviceZh,
    sensor: sensorsZh,
    causes: causesZh,
    totals: '整体情况',
    agents: (n) => `${n} 个代理`,
    eventsPerSecond: '事件/秒',
    agentVersions: '代理',
    falcoVersions: 'Falco',
    mixed: '存在多个版本：正在升级，或升级中断。',
    columns: {
      node: '节点',
      state: '状态',
      sensor: 'Falco',
      rate: '事件/秒',
      drops: '丢弃',
      lag: '延迟',
      pending: '待发',
      images: '镜像数',
      versions: '版本',
      seen: '最近通信',
    },
    noRate: '需要两次上报',
    details: (node) => `${node} 的详情`,
    facts: {
      cluster: '集群',
      connected: '连接时间',
      lastSeen: '最近通信',
      received: '收到事件',
      judged: '已检测事件',
      dropped: '丢弃事件',
      capabilities: '能力',
      protocol: '链路协议',
      detail: '传感器详情',
      noCapabilities: '无：仅能监测',
    },
    whatToDo: '处理办法',
    none: '尚无代理连接',
    noneHint: '请用 Helm Chart 安装代理并配置采集中心地址。代理首次连接后会显示在此。',
    noMatch: '没有符合筛选条件的节点',
    clear: '清除筛选',
    gaps: '监测缺口',
    gapsLead: '哪些时段未被监测及其原因。在这些时段内，没有告警不代表没有异常。',
    gapColumns: { node: '节点', from: '开始', to: '结束', lasted: '持续', cause: '原因',
      lost: '丢失事件' },
    gapsNone: '没有监测缺口',
    gapsNoneHint: '所有代理均报告未遗漏任何事件。',
    lostUnknown: '无法得知',
    older: '显示更早的缺口',
  },
});
