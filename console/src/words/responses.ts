import type { Countdown } from '../pages/responses/standing.ts';
import { catalogue } from './catalogue.ts';

export const responseWords = catalogue({
  en: {
    title: 'Responses',
    lead: 'What is done to pods, by whom it was approved, and how it ended.',
    groups: {
      waiting: 'Waiting for approval',
      running: 'Running now',
      'in-effect': 'In effect',
      ended: 'Ended',
    },
    nothing: {
      waiting: 'Nothing waits for approval.',
      running: 'Nothing is running.',
      'in-effect': 'No pod is frozen, isolated or labelled.',
      ended: 'No response has ended yet.',
    },
    empty: 'There are no responses yet. The policy or a person proposes them from an incident.',
    more: 'Show older responses',
    plan: 'What will be touched',
    target: 'Target',
    facts: {
      pod: 'Pod',
      uid: 'Pod UID',
      node: 'Node',
      cluster: 'Cluster',
      workload: 'Workload',
      process: 'Process',
      container: 'Container',
      incident: 'Incident',
      proposedBy: 'Proposed by',
      proposed: 'Proposed',
      rule: 'Policy rule',
      why: 'Why',
      updated: 'Last change',
      attempts: 'Attempts',
      reverseAt: 'Taken back by itself',
      reverses: 'Takes back',
      policy: 'Policy revision',
    },
    back: 'All responses',
    columns: { what: 'Response', state: 'State', actions: 'Actions', file: 'File', taken: 'Taken' },
    downloadShort: 'Download',
    nothingDone: 'The guardrails refuse it now',
    openIncident: 'Open the incident',
    reason: 'What happened',
    warnings: 'Warnings',
    approvals: 'Approvals',
    noApprovals: 'Nobody has approved it yet.',
    missing: (count: number) =>
      (count === 1
        ? 'One approval is missing.'
        : `${count} approvals of different people are missing.`),
    fourEyes: 'Four eyes: whoever proposed it or approved it before cannot approve it again.',
    evidence: 'Evidence',
    evidenceNone: 'No evidence was collected.',
    evidenceWarning: 'An attacker may have written what is in these files. Open them with care.',
    download: (name: string) => `Download ${name}`,
    size: 'Size',
    hash: 'SHA-256',
    behaviours: 'What the pod showed',
    bars: {
      none: '',
      'not-waiting': 'It no longer waits for approval.',
      expired: 'The proposal has expired. Propose it again from the incident.',
      paused: 'Responses are paused. Resume them first.',
      role: 'You need the role approver in this namespace; for a node, in all namespaces.',
      'same-person': 'Four eyes: you proposed or approved it. Somebody else has to approve.',
    },
    approve: (what: string, pod: string) => `Approve: ${what} ${pod}`,
    reject: (what: string, pod: string) => `Reject: ${what} ${pod}`,
    undo: (what: string, pod: string) => `${what} ${pod}`,
    approveShort: 'Approve',
    rejectShort: 'Reject',
    tryIt: 'Try without acting',
    triedOk: 'The guardrails let it pass.',
    approveLead: 'Approving starts it at once. This is what will be done:',
    approveLeadMore: 'Somebody else has to approve, too. Then this will be done:',
    rejectLead: 'It will not be executed. Whoever wants it must propose it again.',
    undoLead: (what: string) =>
      `The collector will ${what}. It needs no approval and has no limit.`,
    expiresIn: 'expires in',
    reversesIn: 'taken back in',
    control: {
      running: 'Responses are on',
      paused: 'Responses are paused',
      runningText: 'Approved and automatic responses are executed.',
      pausedText: 'Nothing new begins. The ways back (release, thaw) stay open.',
      by: 'by',
      pause: 'Stop all responses',
      resume: 'Let responses run again',
      pauseLead: 'No containment begins any more, in the whole cluster, until somebody resumes. ' +
        'What was approved and has not begun is given up. What is in effect stays.',
      resumeLead: 'Responses begin again as the policy and approvals say. Proposals that waited ' +
        'can be approved.',
    },
    countdown: (left: Countdown) => {
      switch (left.kind) {
        case 'over':
          return 'now';
        case 'seconds':
          return `${left.count} s`;
        case 'minutes':
          return `${left.count} min`;
        case 'hours':
          return `${left.count} h`;
      }
    },
  },
  zh: {
    title: '处置',
    lead: '对 Pod 执行的处置、审批人及处置结果。',
    groups: {
      waiting: '待审批',
      running: '执行中',
      'in-effect': '生效中',
      ended: '已结束',
    },
    nothing: {
      waiting: '没有待审批的处置。',
      running: '没有正在执行的处置。',
      'in-effect': '没有被冻结、隔离或标记的 Pod。',
      ended: '尚无已结束的处置。',
    },
    empty: '暂无处置记录。处置由策略或人员在安全事件中提出。',
    more: '显示更早的处置',
    plan: '影响范围',
    target: '处置对象',
    facts: {
      pod: 'Pod',
      uid: 'Pod UID',
      node: '节点',
      cluster: '集群',
      workload: '工作负载',
      process: '进程',
      container: '容器',
      incident: '安全事件',
      proposedBy: '提出人',
      proposed: '提出时间',
      rule: '策略规则',
      why: '原因',
      updated: '最近变更',
      attempts: '执行次数',
      reverseAt: '自动撤销时间',
      reverses: '撤销的处置',
      policy: '策略版本',
    },
    back: '全部处置',
    columns: { what: '处置', state: '状态', actions: '操作', file: '文件', taken: '取证时间' },
    downloadShort: '下载',
    nothingDone: '当前会被护栏拒绝',
    openIncident: '打开安全事件',
    reason: '执行情况',
    warnings: '警告',
    approvals: '审批记录',
    noApprovals: '尚无人审批。',
    missing: (count) => (count === 1 ? '还需一人审批。' : `还需 ${count} 名不同人员审批。`),
    fourEyes: '双人复核：提出人和已审批人不得重复审批。',
    evidence: '取证材料',
    evidenceNone: '未收集取证材料。',
    evidenceWarning: '文件内容可能由攻击者写入，请谨慎打开。',
    download: (name) => `下载 ${name}`,
    size: '大小',
    hash: 'SHA-256',
    behaviours: '该 Pod 的异常行为',
    bars: {
      none: '',
      'not-waiting': '该处置已不在待审批状态。',
      expired: '提议已过期，请在安全事件中重新提出。',
      paused: '响应已暂停，请先恢复。',
      role: '您需要该命名空间的“审批员”角色；涉及节点时需要全部命名空间。',
      'same-person': '双人复核：您已提出或审批过此处置，须由他人审批。',
    },
    approve: (what, pod) => `批准：${what} ${pod}`,
    reject: (what, pod) => `驳回：${what} ${pod}`,
    undo: (what, pod) => `${what} ${pod}`,
    approveShort: '批准',
    rejectShort: '驳回',
    tryIt: '试运行（不执行）',
    triedOk: '未触发任何护栏。',
    approveLead: '批准后立即执行以下操作：',
    approveLeadMore: '仍须另一人批准，之后将执行以下操作：',
    rejectLead: '该处置不会执行；如仍需要，须重新提出。',
    undoLead: (what) => `采集中心将${what}。撤销无需审批，也不受限额约束。`,
    expiresIn: '过期倒计时',
    reversesIn: '自动撤销倒计时',
    control: {
      running: '响应处置已启用',
      paused: '响应处置已暂停',
      runningText: '已批准的和自动触发的处置会被执行。',
      pausedText: '不再开始新的处置；撤销操作（解除隔离、解冻）不受影响。',
      by: '操作人',
      pause: '紧急停止全部响应',
      resume: '恢复响应处置',
      pauseLead: '在恢复之前，整个集群不再开始任何处置。已批准但未开始的处置将被放弃；已生效的保持不变。',
      resumeLead: '将按策略和审批恢复执行处置；此前等待的提议可以继续审批。',
    },
    countdown: (left) => {
      switch (left.kind) {
        case 'over':
          return '现在';
        case 'seconds':
          return `${left.count} 秒`;
        case 'minutes':
          return `${left.count} 分钟`;
        case 'hours':
          return `${left.count} 小时`;
      }
    },
  },
});
