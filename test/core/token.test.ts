import { describe, expect, it } from 'vitest';
import { KeyformError } from '../../src/core/error.ts';
import { Secret } from '../../src/core/secret.ts';
import { fixedSource, staleAt, TokenKeeper, type TokenSource } from '../../src/core/token.ts';

const refusal = (words: string): KeyformError => new KeyformError('unauthorized', words, { detail: 'Look.' });
const clock = { now: () => 0 };

/** A source that gives these tokens, the last one for ever. */
function source(changing: boolean, ...tokens: string[]): TokenSource & { asked: number } {
  return {
    service: 'Cloudy',
    action: 'GetToken',
    changing,
    secrets: [new Secret('credential')],
    asked: 0,
    async obtain() {
      const value = tokens[Math.min(this.asked, tokens.length - 1)] ?? '';
      this.asked += 1;
      return { value: new Secret(value), staleAt: Number.POSITIVE_INFINITY };
    },
  };
}

describe('a refused token', () => {
  it('is replaced once, and a second refusal ends the matter', async () => {
    const given = source(false, 'one', 'two', 'three');
    const keeper = new TokenKeeper(given, clock);
    const first = await keeper.token();
    const second = await keeper.renew(first, refusal('first'));
    expect([first.reveal(), second.reveal()]).toEqual(['one', 'two']);
    const error = refusal('second');
    keeper.giveUp(second, error);
    await expect(keeper.token()).rejects.toBe(error);
    expect(given.asked).toBe(2);
  });

  it('of a source that others change is never sent again, while another one is looked for with each call', async () => {
    const given = source(true, 'one', 'two', 'two', 'two', 'three');
    const keeper = new TokenKeeper(given, clock);
    const second = await keeper.renew(await keeper.token(), refusal('first'));
    const error = refusal('second');
    keeper.giveUp(second, error);
    await expect(keeper.token()).rejects.toBe(error);
    await expect(keeper.token()).rejects.toBe(error);
    expect((await keeper.token()).reveal()).toBe('three');
  });

  it('that a parallel call has replaced does not count against its successor', async () => {
    const keeper = new TokenKeeper(source(true, 'one', 'two'), clock);
    const first = await keeper.token();
    await keeper.renew(first, refusal('first'));
    keeper.giveUp(first, refusal('late'));
    expect((await keeper.renew(first, refusal('late'))).reveal()).toBe('two');
  });

  it('that comes again, or is fixed, fails with what the API said of it', async () => {
    for (const given of [source(false, 'one'), fixedSource('Cloudy', 'GetToken', new Secret('one'))]) {
      const keeper = new TokenKeeper(given, clock);
      const error = refusal('refused');
      await expect(keeper.renew(await keeper.token(), error)).rejects.toBe(error);
      await expect(keeper.token()).rejects.toBe(error);
    }
  });

  it('is a secret all the same, and so is the credential', async () => {
    const keeper = new TokenKeeper(source(false, 'one', 'two'), clock);
    await keeper.renew(await keeper.token(), refusal('first'));
    expect(keeper.secrets.map((secret) => secret.reveal())).toEqual(['credential', 'one', 'two']);
  });
});

it('a token is replaced before its end, a short-lived one not too early', () => {
  expect(staleAt(1000, 1000 + 3_600_000, 60_000)).toBe(1000 + 3_540_000);
  expect(staleAt(1000, 1000 + 10_000, 60_000)).toBe(1000 + 9_000);
});
