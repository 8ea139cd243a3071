import type { Channel, Words } from '../alert.ts';
import { baseName } from '../behaviour/process-role.ts';
import type { InnateName } from '../judge/innate.ts';
import type { Mode } from '../judge/modes.ts';
import type { Container, Observation } from '../observation.ts';
import { TECHNIQUE_NAMES } from './technique-names.ts';

/**
 * The reason of an alert in words, English and Simplified Chinese, from structured parts: what
 * happened, why it is unusual, what is normal instead. Nothing here is markup; whoever shows it
 * escapes it.
 */

/** What the profile can say about the novelty. */
export type Background = {
  readonly observations: number;
  readonly pods: number;
  /** What is normal instead, commonest first. */
  readonly normal: readonly string[];
  readonly mode: Mode;
  readonly coverage: number;
  /** This version and the one before, where a new version is compared with its predecessor. */
  readonly version: string;
  readonly before: string;
};

const NORMAL_SHOWN = 5;
const TEXT_SHOWN = 160;

export function shorten(text: string, charsMax = TEXT_SHOWN): string {
  if (text.length <= charsMax) return text;
  // Half a character pair would make the whole alert unreadable to its receiver.
  return `${text.slice(0, charsMax - 1).toWellFormed()}…`;
}

export function placeOf(container: Container): string {
  if (container.scope === 'host') return 'the node itself';
  const name = container.workload || container.pod || container.name || container.id;
  return container.namespace === '' ? name : `${container.namespace}/${name}`;
}

export function whatHappened(o: Observation): Words {
  const place = placeOf(o.container);
  const en = (text: string): string => `${text} in ${place}`;
  const zh = (text: string): string => `${place} 中 ${text}`;
  const by = processName(o);
  switch (o.kind) {
    case 'exec': {
      const starter = o.vpid === 1 ? 'the entry point' : o.process.parentName || 'an unknown parent';
      const starterZh = o.vpid === 1 ? '入口进程' : o.process.parentName || '未知父进程';
      return {
        en: en(`${shorten(o.process.exe)} started by ${shorten(starter)}`),
        zh: zh(`${shorten(starterZh)} 启动了 ${shorten(o.process.exe)}`),
      };
    }
    case 'connect': {
      const peer = o.address === '' ? 'an address that refused' : `${o.address}:${o.port}`;
      return {
        en: en(`${by} connected to ${peer}${o.protocol === '' ? '' : `/${o.protocol}`}`),
        zh: zh(`${by} 连接了 ${peer}${o.protocol === '' ? '' : `/${o.protocol}`}`),
      };
    }
    case 'accept':
      return {
        en: en(`${by} accepted a connection from ${o.peerAddress} on port ${o.localPort}`),
        zh: zh(`${by} 在端口 ${o.localPort} 接受了来自 ${o.peerAddress} 的连接`),
      };
    case 'listen':
      return {
        en: en(`${by} listens on port ${o.port}/${o.protocol}`),
        zh: zh(`${by} 监听端口 ${o.port}/${o.protocol}`),
      };
    case 'privileged':
      return {
        en: en(`${by} called ${o.syscall}${refusedText(o.result)}`),
        zh: zh(`${by} 调用了 ${o.syscall}`),
      };
    case 'open':
      return o.isWrite
        ? {
            en: en(`${by} opened ${shorten(o.path)} for writing`),
            zh: zh(`${by} 以写方式打开 ${shorten(o.path)}`),
          }
        : { en: en(`${by} read ${shorten(o.path)}`), zh: zh(`${by} 读取了 ${shorten(o.path)}`) };
    case 'change': {
      const target = o.target === '' ? '' : ` → ${shorten(o.target)}`;
      return {
        en: en(`${by} did ${o.operation} on ${shorten(o.path)}${target}`),
        zh: zh(`${by} 对 ${shorten(o.path)}${target} 执行了 ${o.operation}`),
      };
    }
    case 'rule':
      return {
        en: en(`Falco's rule "${o.rule}" matched ${by}`),
        zh: zh(`Falco 规则 “${o.rule}” 命中 ${by}`),
      };
    case 'exit':
      return { en: en(`${by} ended`), zh: zh(`${by} 结束`) };
  }
}

function refusedText(result: string): string {
  return result === '' || result === 'SUCCESS' || /^[0-9]/.test(result) ? '' : ` (${result})`;
}

function processName(o: Observation): string {
  return shorten(o.process.name || baseName(o.process.exe) || 'a process');
}

function count(value: number): string {
  // As `toLocaleString('en-US')`, which was 6 % of an agent's time in a flood of alerts.
  return String(value).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

/** "never seen in 41,200 observations from 4 pods; normal here: find, gzip, df" */
export function neverSeen(background: Background): Words {
  const pods = `${background.pods} ${background.pods === 1 ? 'pod' : 'pods'}`;
  const normal = background.normal.slice(0, NORMAL_SHOWN).map((text) => shorten(text));
  const rest = background.normal.length - normal.length;
  const more = rest > 0 ? ` and ${rest} more` : '';
  const moreZh = rest > 0 ? ` 等 ${background.normal.length} 项` : '';
  return {
    en:
      `never seen in ${count(background.observations)} observations from ${pods}` +
      (normal.length > 0 ? `; normal here: ${normal.join(', ')}${more}` : ''),
    zh:
      `在 ${background.pods} 个 Pod 的 ${count(background.observations)} 次观测中从未出现` +
      (normal.length > 0 ? `；通常为：${normal.join('、')}${moreZh}` : ''),
  };
}

const INNATE: Readonly<Record<InnateName, Words>> = {
  'memfd-exec': {
    en: 'a program was run from memory, without a file',
    zh: '程序直接从内存运行，没有文件',
  },
  'dropped-exec': {
    en: 'the program is not part of the image: it was written after the container started',
    zh: '该程序不属于镜像，是容器启动后写入的',
  },
  'shell-on-socket': {
    en: 'its standard input is a network connection: somebody outside types the commands',
    zh: '其标准输入是网络连接：有外部人员在输入命令',
  },
  'autostart-write': {
    en: 'the file makes something run again, or somebody able to log in',
    zh: '该文件可使程序再次自动运行或使他人可以登录',
  },
  'binary-write': {
    en: 'a program or library of the image is replaced at run time',
    zh: '镜像中的程序或库在运行时被替换',
  },
  'token-read': {
    en: 'the file is the pod’s identity towards the Kubernetes API',
    zh: '该文件是 Pod 访问 Kubernetes API 的身份凭据',
  },
  'credential-read': { en: 'the file holds credentials', zh: '该文件包含凭据' },
  'process-memory': {
    en: 'it looks into another process (environment, memory)',
    zh: '它在读取其他进程的环境或内存',
  },
  'metadata-service': {
    en: 'the cloud’s metadata service hands out the node’s credentials',
    zh: '云元数据服务会发放节点凭据',
  },
  'kernel-module': { en: 'it changes the kernel of the node', zh: '它试图更改节点内核' },
  'namespace-escape': {
    en: 'the system call is how containers are left',
    zh: '该系统调用常用于逃逸容器',
  },
  'process-injection': {
    en: 'it reaches into another process',
    zh: '它在干预其他进程',
  },
  'history-removed': { en: 'traces are being removed', zh: '正在清除痕迹' },
  'kernel-setting-write': {
    en: 'the file is a setting of the node’s kernel',
    zh: '该文件是节点内核的设置',
  },
};

export function innateWords(name: InnateName): Words {
  return INNATE[name];
}

export function joinWords(...parts: readonly Words[]): Words {
  return {
    en: parts.map((part) => part.en).join(': '),
    zh: parts.map((part) => part.zh).join('：'),
  };
}

/** The reserve under which it is said: the profile is still learned, or the version is new. */
export function reserveWords(background: Background): Words {
  switch (background.mode) {
    case 'complete':
      return { en: '', zh: '' };
    case 'learning': {
      // Nothing is missing as far as anybody can tell, but nobody has looked for long enough.
      const percent = Math.min(99, Math.round(background.coverage * 100));
      return { en: ` (learning, ${percent} % known)`, zh: `（学习中，已知 ${percent}%）` };
    }
    case 'upgrade':
      return {
        en: ` (${background.version} is new, compared with ${background.before})`,
        zh: `（${background.version} 为新版本，与 ${background.before} 比较）`,
      };
  }
}

/** "May be Unix shell (T1059.004)." */
export function meaningWords(techniques: readonly string[]): Words {
  const names = techniques.slice(0, TECHNIQUES_SHOWN).map((id) => ({
    id,
    ...(TECHNIQUE_NAMES.get(id) ?? { en: '', zh: '' }),
  }));
  if (names.length === 0) return { en: '', zh: '' };
  return {
    en: `. May be ${names.map(({ id, en }) => (en === '' ? id : `${en} (${id})`)).join(' or ')}`,
    zh: `。可能是${names.map(({ id, zh }) => (zh === '' ? id : `${zh}（${id}）`)).join('或')}`,
  };
}

/** "In the minute before: …" */
export function recentWords(recent: readonly string[]): Words {
  if (recent.length === 0) return { en: '', zh: '' };
  const shown = recent.slice(-RECENT_SHOWN).map((text) => shorten(text)).join(' · ');
  return { en: `. In the minute before: ${shown}`, zh: `。此前一分钟：${shown}` };
}

const TECHNIQUES_SHOWN = 2;
const RECENT_SHOWN = 6;

export function rateWords(feature: string, seen: number, most: number): Words {
  return {
    en: `${feature}: ${count(seen)} in one window, at most ${count(most)} in any window before`,
    zh: `${feature}：一个窗口内 ${count(seen)} 次，此前最多 ${count(most)} 次`,
  };
}

const CHANNELS_ZH: Readonly<Record<Channel, string>> = {
  exec: '执行',
  net: '网络',
  priv: '特权调用',
  'file-write': '写文件',
  'file-read': '读文件',
  'file-change': '改文件',
  rate: '频率',
  rule: '规则',
};

export function evidenceWords(parts: readonly { channel: Channel; value: number }[]): Words {
  const names = parts.slice(0, 3);
  return {
    en: `weak evidence beyond the alarm budget in ${names.map((p) => p.channel).join(', ')}`,
    zh: `以下通道的弱证据累计超出告警预算：${names.map((p) => CHANNELS_ZH[p.channel]).join('、')}`,
  };
}
