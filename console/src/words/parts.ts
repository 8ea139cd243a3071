import { catalogue } from './catalogue.ts';

/** What several pages say. */
export const partsWords = catalogue({
  en: {
    filters: 'Filters',
    why: 'Why',
    whyHint: 'The audit keeps it with your name.',
    needsRoleEverywhere: (role: string) =>
      `Needs the role ${role} in all namespaces; your administrator grants it`,
    none: 'none',
    seconds: (n: number) => `${n} s`,
    minutes: (n: number) => `${n} min`,
    hours: (n: number) => `${n} h`,
    days: (n: number) => `${n} d`,
  },
  zh: {
    filters: '筛选',
    why: '原因',
    whyHint: '审计日志将记录原因和您的姓名。',
    needsRoleEverywhere: (role) => `需要全部命名空间的“${role}”角色，请联系管理员授权`,
    none: '无',
    seconds: (n) => `${n} 秒`,
    minutes: (n) => `${n} 分钟`,
    hours: (n) => `${n} 小时`,
    days: (n) => `${n} 天`,
  },
});
