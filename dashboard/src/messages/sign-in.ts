import type { Messages } from './pairs.ts';

/** Who one is. */
export const signInMessages = {
  'signIn.title': ['Sign in to Neutrino', '登录 Neutrino'],
  'signIn.user': ['User', '用户'],
  'signIn.password': ['Password', '密码'],
  'signIn.domain': ['Domain', '域'],
  'signIn.project': ['Project', '项目'],
  'signIn.projectHelp': ['Empty: your own, or the first one', '留空：您的默认项目或第一个项目'],
  'signIn.enter': ['Sign in', '登录'],
  'signIn.leave': ['Sign out', '退出'],
  'signIn.changeProject': ['Project', '项目'],
  'signIn.over': ['Your session is over. Sign in again.', '会话已过期，请重新登录。'],
  'signIn.noProject': [
    'You have no project. Ask an administrator for a role in one.',
    '您没有任何项目。请联系管理员为您分配项目角色。',
  ],
  'signIn.token': ['Token', '令牌'],
  'signIn.tokenHelp': ['The one in the token file of the server', '服务器令牌文件中的令牌'],
  'signIn.refused': ['The server does not take this token.', '服务器不接受此令牌。'],
} as const satisfies Messages;
