import { describe, expect, it } from 'vitest';
import { openDatabase } from '../database.ts';
import { parseConnectionUrl } from './url.ts';

describe('connection URLs', () => {
  it.each([
    ['sqlite:////var/lib/neutron/n.sqlite', { dialect: 'sqlite', database: '/var/lib/neutron/n.sqlite' }],
    ['sqlite:///relative.sqlite', { dialect: 'sqlite', database: 'relative.sqlite' }],
    ['sqlite://', { dialect: 'sqlite', database: '' }],
    [
      'mysql+pymysql://neutron:p%40ss%2Fw@db.example:3307/neutron?charset=utf8',
      {
        dialect: 'mysql',
        user: 'neutron',
        password: 'p@ss/w',
        host: 'db.example',
        port: 3307,
        database: 'neutron',
        query: { charset: 'utf8' },
      },
    ],
    ['postgresql://u@[::1]/neutron', { dialect: 'postgres', user: 'u', password: null, host: '::1', port: null }],
  ])('%s', (url, expected) => {
    expect(parseConnectionUrl(url)).toMatchObject(expected);
  });

  it.each(['', 'neutron.sqlite', 'oracle://u:secret@h/x', 'http://'])(
    'refuses %j without showing a password',
    (url) => {
      expect(() => parseConnectionUrl(url)).toThrow('[database] connection');
      expect(() => parseConnectionUrl(url)).not.toThrow('secret');
    },
  );

  it.each([
    ['sqlite:////no/such/folder/n.sqlite', 'the folder /no/such/folder does not exist'],
    ['sqlite://', 'name a file'],
    ['sqlite:////dev', 'cannot use /dev'],
    [
      'mysql+pymysql://u:secret@127.0.0.1:1/n',
      'the server does not answer: connect ECONNREFUSED 127.0.0.1:1; start it',
    ],
    ['postgresql://u:secret@127.0.0.1:1/n', 'the server does not answer: connect ECONNREFUSED 127.0.0.1:1; start it'],
    ['mysql://u:secret@127.0.0.1', 'names no database'],
    ['mysql://u:s@secret/1@127.0.0.1:1/n', 'more than one @; write that of a password as %40'],
    ['postgresql://u:secret@127.0.0.1?sslmode=perhaps', 'names no database'],
    ['postgresql://u:secret@127.0.0.1/n?sslmode=perhaps', 'sslmode=perhaps is none'],
    ['mysql://u:secret@127.0.0.1/n?ssl_ca=/no/such.pem', 'ssl_ca=/no/such.pem: ENOENT'],
  ])('opening %s says what is wrong in one line', async (connection, text) => {
    const error = await openDatabase({ connection }).catch((reason: unknown) => reason as Error);
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).message).toContain(text);
    expect((error as Error).message).not.toContain('secret');
    expect((error as Error).message).not.toContain('\n');
  });
});
