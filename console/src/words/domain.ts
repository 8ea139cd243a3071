import type { AlertKind, Channel, ProfileState, Severity } from '../../../baseline/alert.ts';
import type { Role } from '../../../collector/access/principal.ts';
import type { Containment, ResponseState, Reversal } from '../../../collector/respond/response.ts';
import type { Verdict } from '../../../collector/api/contract/incident.ts';
import { catalogue } from './catalogue.ts';

/** What the records' own words are called. A missing one is an error of the compiler. */
type Named<K extends string> = Readonly<Record<K, string>>;
const named = <K extends string>(en: Named<K>, zh: Named<K>) => catalogue<Named<K>>({ en, zh });

export const severityWords = named<Severity>(
  { critical: 'Critical', high: 'High', medium: 'Medium', low: 'Low', informational: 'Info' },
  { critical: '严重', high: '高', medium: '中', low: '低', informational: '提示' },
);

export const alertKindWords = named<AlertKind>(
  {
    anomaly: 'Anomaly',
    rule: 'Falco rule',
    session: 'Session',
    upgrade: 'Upgrade',
    sensor: 'Sensor',
  },
  {
    anomaly: '异常行为',
    rule: 'Falco 规则',
    session: '运维会话',
    upgrade: '版本升级',
    sensor: '传感器',
  },
);

export const channelWords = named<Channel>(
  {
    exec: 'Programs',
    net: 'Network',
    priv: 'Privileges',
    'file-write': 'Files written',
    'file-read': 'Files read',
    'file-change': 'Files changed',
    rate: 'Rates',
    rule: 'Falco rules',
  },
  {
    exec: '程序执行',
    net: '网络',
    priv: '特权操作',
    'file-write': '文件写入',
    'file-read': '文件读取',
    'file-change': '文件变更',
    rate: '频率',
    rule: 'Falco 规则',
  },
);

export const profileStateWords = named<ProfileState>(
  { learning: 'Learning', complete: 'Complete', 'never-complete': 'Never complete' },
  { learning: '学习中', complete: '已学全', 'never-complete': '无法学全' },
);

export const roleWords = named<Role>(
  {
    viewer: 'Viewer',
    analyst: 'Analyst',
    responder: 'Responder',
    approver: 'Approver',
    admin: 'Administrator',
  },
  { viewer: '只读', analyst: '分析员', responder: '处置员', approver: '审批员', admin: '管理员' },
);

export const actionWords = named<Containment | Reversal>(
  {
    label: 'Label',
    freeze: 'Freeze',
    isolate: 'Isolate',
    'kill-process': 'Kill process',
    kill: 'Delete pod',
    'scale-to-zero': 'Scale to zero',
    cordon: 'Cordon node',
    release: 'Release',
    thaw: 'Thaw',
    uncordon: 'Uncordon node',
    'scale-back': 'Scale back',
  },
  {
    label: '打标签',
    freeze: '冻结',
    isolate: '网络隔离',
    'kill-process': '终止进程',
    kill: '删除 Pod',
    'scale-to-zero': '缩容到零',
    cordon: '停止调度节点',
    release: '解除隔离',
    thaw: '解冻',
    uncordon: '恢复调度节点',
    'scale-back': '恢复副本数',
  },
);

export const responseStateWords = named<ResponseState>(
  {
    proposed: 'Waiting for approval',
    approved: 'Approved',
    'collecting-evidence': 'Collecting evidence',
    executing: 'Executing',
    verifying: 'Verifying',
    verified: 'Verified',
    'not-effective': 'Not effective',
    failed: 'Failed',
    'not-executed': 'Not executed',
    rejected: 'Rejected',
    reversed: 'Taken back',
    expired: 'Expired',
  },
  {
    proposed: '待审批',
    approved: '已批准',
    'collecting-evidence': '取证中',
    executing: '执行中',
    verifying: '验证中',
    verified: '已验证生效',
    'not-effective': '未生效',
    failed: '失败',
    'not-executed': '未执行',
    rejected: '已驳回',
    reversed: '已撤回',
    expired: '已过期',
  },
);

export const verdictWords = named<Verdict>(
  { benign: 'Benign', malicious: 'Malicious', unclear: 'Unclear' },
  { benign: '良性', malicious: '恶意', unclear: '无法判定' },
);
