import type { ActionName, PlanStep } from '../pages/responses/plan-steps.ts';
import { catalogue } from './catalogue.ts';
import { actionWords } from './domain.ts';

/** What a response does, step by step. In English word for word what the collector says. */
type Effects = Readonly<Record<ActionName, string>>;

const effectsEn: Effects = {
  kill: 'delete the pod of that uid',
  isolate: 'deny the pod all traffic, and detach it from its services and its controller',
  freeze: 'have the agent freeze all processes of the pod',
  'kill-process': 'have the agent kill the one process',
  label: 'set the label lanner.dev/suspect and the annotation lanner.dev/response',
  cordon: 'let no new pods be scheduled on the node',
  'scale-to-zero': 'scale the pod’s workload to zero',
  release: 'take Lanner’s labels off the pod and put its own back',
  thaw: 'have the agent let the pod run on',
  uncordon: 'let pods be scheduled on the node again',
  'scale-back': 'scale the workload back to what it had',
};

const effectsZh: Effects = {
  kill: '删除该 UID 对应的 Pod',
  isolate: '阻断该 Pod 的全部网络流量，并将其从 Service 和控制器中摘除',
  freeze: '由代理冻结该 Pod 的全部进程',
  'kill-process': '由代理终止该进程',
  label: '为 Pod 添加标签 lanner.dev/suspect 和注解 lanner.dev/response',
  cordon: '不再向该节点调度新的 Pod',
  'scale-to-zero': '将该 Pod 所属工作负载缩容至零',
  release: '移除 Lanner 添加的标签，恢复 Pod 原有标签',
  thaw: '由代理恢复该 Pod 的运行',
  uncordon: '恢复向该节点调度 Pod',
  'scale-back': '将工作负载恢复到原副本数',
};

/** As `EVIDENCE_MS` of the collector; the test of the plan holds it. */
const EVIDENCE_SECONDS = 15;

const iso = (ms: number): string => (ms === 0 ? '' : ` (${new Date(ms).toISOString()})`);

function stepEn(step: PlanStep): string {
  switch (step.kind) {
    case 'two-people':
      return 'two different people approve';
    case 'evidence':
      return `collect evidence within ${EVIDENCE_SECONDS} s${
        step.isRequired ? ', or do nothing' : ''}`;
    case 'act':
      return effectsEn[step.action] +
        (step.graceSeconds === null ? '' : `, with ${step.graceSeconds} s to end by itself`);
    case 'watch':
      return `have the agent watch for ${step.seconds} s whether it was effective`;
    case 'then':
      return `if it was not: ${step.isProposed ? 'propose to ' : ''}${effectsEn[step.action]}`;
    case 'no-way-back':
      return 'there is no way back';
    case 'until-ordered':
      return `it stays until somebody orders ${step.reversal}`;
    case 'by-itself':
      return `${step.reversal} by itself after ${step.seconds} s${iso(step.atMs)}`;
  }
}

function stepZh(step: PlanStep): string {
  switch (step.kind) {
    case 'two-people':
      return '须由两名不同人员审批（双人复核）';
    case 'evidence':
      return `在 ${EVIDENCE_SECONDS} 秒内取证${step.isRequired ? '，取证失败则不执行' : ''}`;
    case 'act':
      return effectsZh[step.action] +
        (step.graceSeconds === null ? '' : `，宽限期 ${step.graceSeconds} 秒`);
    case 'watch':
      return `由代理观察 ${step.seconds} 秒，确认是否生效`;
    case 'then':
      return `若未生效：${step.isProposed ? '提议' : ''}${effectsZh[step.action]}`;
    case 'no-way-back':
      return '此操作不可撤销';
    case 'until-ordered':
      return `持续有效，直至有人执行「${actionWords.zh[step.reversal]}」`;
    case 'by-itself':
      return `${step.seconds} 秒后自动执行「${actionWords.zh[step.reversal]}」${iso(step.atMs)}`;
  }
}

export const planWords = catalogue({
  en: { effects: effectsEn, step: stepEn },
  zh: { effects: effectsZh, step: stepZh },
});
