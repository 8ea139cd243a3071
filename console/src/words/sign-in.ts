import { catalogue } from './catalogue.ts';

export const signInWords = catalogue({
  en: {
    title: 'Sign in',
    lead: 'Runtime anomaly detection for Kubernetes',
    withOidc: 'Sign in with your organisation',
    or: 'or with a token',
    token: 'Access token or one-time code',
    tokenHint: 'npm start prints a one-time code; an administrator makes tokens with ' +
      'lannerctl token create.',
    submit: 'Sign in',
    noWay: 'No way to sign in is configured. See api.oidc in the collector’s configuration.',
    code: 'The one-time code was used or has expired. Use a token, or start again.',
  },
  zh: {
    title: '登录',
    lead: 'Kubernetes 运行时异常检测',
    withOidc: '使用单位账号登录',
    or: '或使用令牌',
    token: '访问令牌或一次性登录码',
    tokenHint: 'npm start 会打印一次性登录码；管理员可用 lannerctl token create 创建令牌。',
    submit: '登录',
    noWay: '尚未配置登录方式，请查看采集中心配置中的 api.oidc。',
    code: '一次性登录码已使用或已过期，请改用令牌，或重新启动。',
  },
});
