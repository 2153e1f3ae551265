import { describe, expect, it } from 'vitest';
import { KeyformError } from '../../../src/core/error.ts';
import { Secret } from '../../../src/core/secret.ts';
import { TokenKeeper } from '../../../src/core/token.ts';
import {
  bearerAuthorization,
  fileSource,
  identityOf,
  parseChallenges,
  tokenSource,
} from '../../../src/providers/nscale/auth.ts';
import { failure } from './script.ts';

describe('the Authorization header', () => {
  it.each([
    // RFC 6750 section 2.1.
    ['mF_9.B5f-4.1JqM', 'Bearer mF_9.B5f-4.1JqM'],
    ['a+b/c~d==', 'Bearer a+b/c~d=='],
  ])('for %s', (token, header) => {
    expect(bearerAuthorization(new Secret(token))).toBe(header);
  });
});

describe('the challenge of a 401', () => {
  const read = (header: string): unknown =>
    parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

  it.each([
    [
      'as the vendor’s library writes it',
      'Bearer error="access_denied",error_description="authorization header missing",resource_metadata="https://storage.example.com/.well-known/openid-protected-resource"',
      [
        [
          'bearer',
          {
            error: 'access_denied',
            error_description: 'authorization header missing',
            resource_metadata: 'https://storage.example.com/.well-known/openid-protected-resource',
          },
        ],
      ],
    ],
    [
      'of RFC 6750 section 3',
      'Bearer realm="example",\n error="invalid_token",\n error_description="The access token expired"',
      [['bearer', { realm: 'example', error: 'invalid_token', error_description: 'The access token expired' }]],
    ],
    [
      'of RFC 9728 section 5.1',
      'Bearer resource_metadata=\n "https://resource.example.com/.well-known/oauth-protected-resource"',
      [['bearer', { resource_metadata: 'https://resource.example.com/.well-known/oauth-protected-resource' }]],
    ],
    [
      'of RFC 9110 section 11.6.1: several, quoted commas, a bare scheme',
      'Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\", now", Negotiate',
      [
        ['basic', { realm: 'simple' }],
        ['newauth', { realm: 'apps', type: '1', title: 'Login to "apps", now' }],
        ['negotiate', {}],
      ],
    ],
    ['that is empty', '', []],
    ['that is cut off', 'Bearer error="access_den', [['bearer', {}]]],
    ['that is nonsense', '"=,', []],
  ])('%s', (_, header, expected) => {
    expect(read(header)).toEqual(expected);
  });
});

describe('a token that is refused', () => {
  const refused = new KeyformError('unauthorized', 'refused', { detail: 'Look at it.' });
  const clock = { now: () => 0 };

  it('is not sent again', async () => {
    const auth = new TokenKeeper(tokenSource(new Secret('t1')), clock);
    const token = await auth.token();
    expect(token.reveal()).toBe('t1');
    expect(await failure(auth.renew(token, refused))).toBe(refused);
    expect(await failure(auth.token())).toBe(refused);
  });

  it('gives way to its successor in the file, for parallel calls with one look', async () => {
    let held = 't1';
    let reads = 0;
    const read = async () => {
      reads += 1;
      return new Secret(held);
    };
    const auth = new TokenKeeper(fileSource(read, await read()), clock);
    const first = await auth.token();
    expect([first.reveal(), reads]).toEqual(['t1', 1]);
    held = 't2';
    const next = await auth.renew(first, refused);
    expect([next.reveal(), (await auth.renew(first, refused)).reveal(), reads]).toEqual(['t2', 't2', 2]);

    // No successor: refused now and later, until the file has one.
    expect(await failure(auth.renew(next, refused))).toBe(refused);
    expect(await failure(auth.token())).toBe(refused);
    held = 't3';
    expect((await auth.token()).reveal()).toBe('t3');
  });

  it('is told apart from others without being told', () => {
    const [a, b] = ['one-token-of-some-length', 'another-token-of-some-length'].map((text) => {
      const identity = identityOf(new Secret(text));
      expect(identity).toBe(identityOf(new Secret(text)));
      expect(identity).not.toContain(text);
      return identity;
    });
    expect(a).not.toBe(b);
  });
});
