import { inspect } from 'node:util';
import { expect } from 'vitest';
import { SecretArrivedError } from '../../src/core/error.ts';
import type { Json } from '../../src/core/json.ts';
import type { FaultRuleInput } from '../../src/emulator/fault.ts';
import { type Bench, referenceTo } from './bench.ts';
import type { Example, Where } from './examples.ts';
import { always, changeable, changeableArgs, changedBy, expectKeys, type Row, valueAt } from './row.ts';

/** The example's places, which the suite has checked to be there. */
function places(example: Example): NonNullable<Example['answers']> {
  if (example.answers === undefined) throw new Error('the example must say where answers hold what matters');
  return example.answers;
}

/** One answer to `action` is changed at `at`; without `to`, what stands there is taken away. */
function edit(bench: Bench, action: string, at: Where, ...to: Json[]): void {
  // The rule's own type asks for JSON that may be changed.
  const rule = { kind: 'edit', at: [...at], ...(to.length === 0 ? {} : { to: structuredClone(to[0]) }) };
  bench.fault(action, rule as FaultRuleInput);
}

/** The whole body of the last answer to `action`. */
function lastBody(bench: Bench, action: string): string {
  const heard = bench.heard.filter(({ call }) => call.action === action).at(-1);
  const body = heard?.responses.at(-1)?.body;
  if (body === undefined) throw new Error(`no answer to ${action} was heard`);
  return body;
}

/** What an answer that breaks its form comes to: never an empty list, a missing key, a done deletion or a lost secret. */
export const answerRows: readonly Row[] = [
  {
    name: 'a list whose answer has another form is malformed, never empty',
    applies: always,
    async run(bench, _type, example) {
      const { list, itemId, nullable, omittable } = places(example);
      const { key } = await bench.create(example.args);
      const { handler, actions } = bench;
      expectKeys(await handler.list(example.args), [key]);
      // The places are right, or the edits below would change nothing.
      expect(valueAt(lastBody(bench, actions.list), [...list, 0, ...itemId])).toBe(key.id);

      const edits: readonly (readonly [Where, ...Json[]])[] = [
        [list, 'text'],
        [list, { keys: [] }],
        [list, 0],
        ...(nullable === undefined ? ([[list, null]] as const) : []),
        ...(list.length > 0
          ? ([
              [[], []],
              [[], null],
              [[], { other: [] }],
            ] as const)
          : []),
        ...(list.length > 0 && omittable === undefined ? ([[list], [[], {}]] as const) : []),
        [[...list, 0], null],
        [[...list, 0], 'text'],
        [[...list, 0], []],
        [[...list, 0], {}],
        [[...list, 0, ...itemId]],
        [[...list, 0, ...itemId], null],
        [[...list, 0, ...itemId], 7],
        [[...list, 0, ...itemId], ''],
        [[...list, 0, ...itemId], { id: key.id }],
      ];
      for (const [at, ...to] of edits) {
        edit(bench, actions.list, at, ...to);
        await bench.failure(handler.list(example.args), 'malformed-answer');
        bench.emulator.clearFaults();
      }
      if (nullable !== undefined) {
        edit(bench, actions.list, list, null);
        expect(await handler.list(example.args), nullable).toEqual([]);
        bench.emulator.clearFaults();
      }
      if (omittable !== undefined) {
        edit(bench, actions.list, [], {});
        expect(await handler.list(example.args), omittable).toEqual([]);
        bench.emulator.clearFaults();
      }
      expectKeys(await handler.list(example.args), [key]);
    },
  },
  {
    name: 'an answer that is cut JSON, or a page of HTML, is malformed, whatever was asked',
    applies: always,
    async run(bench, type, example) {
      const { handler } = bench;
      const { key, reference, secret } = await bench.create(changeableArgs(example));
      const args = bench.complete({ ...changeableArgs(example), ...example.updates[0] }, reference.args);
      const asked: (() => Promise<unknown>)[] = [
        () => handler.list(example.args),
        () => handler.read(reference.id, example.args),
        () => handler.delete(reference),
        ...(changeable(type).length > 0 ? [() => handler.update(reference, args, changedBy(example))] : []),
        ...(type.capabilities.disable ? [() => handler.setEnabled(reference, false)] : []),
        ...(handler.regenerate === undefined ? [] : [async () => handler.regenerate?.(reference)]),
        ...(handler.ready === undefined ? [] : [async () => handler.ready?.(reference, {})]),
        ...(handler.lastUsed === undefined ? [] : [async () => handler.lastUsed?.([reference])]),
      ];
      const headers = { 'content-type': 'application/json' };
      for (const rule of [
        { kind: 'garbage' },
        { kind: 'status', status: 200, body: '{"', headers },
        { kind: 'status', status: 200, body: '"done"', headers },
      ] as const) {
        bench.fault(null, rule);
        for (const ask of asked) await bench.failure(ask(), 'malformed-answer', 'outcome-unknown');
        await bench.failure(bench.make(example.second), 'outcome-unknown');
        if (type.capabilities.verify) {
          const verdict = await handler.verify(reference, secret).catch((error: unknown) => error);
          bench.note(verdict);
          expect(typeof verdict, 'no proof of anything').not.toBe('boolean');
        }
        bench.emulator.clearFaults();
      }
      expectKeys(await handler.list(example.args), [key]);
    },
  },
  {
    name: 'a 404 that is not the API’s own is no proof that a key is gone',
    applies: always,
    async run(bench, type, example) {
      const { handler } = bench;
      const { key, reference, secret } = await bench.create(example.args);
      const codes = [
        'not-found',
        'malformed-answer',
        'invalid-configuration',
        'unavailable',
        'outcome-unknown',
      ] as const;
      for (const body of ['<h1>404 Not Found</h1>', '']) {
        bench.fault(null, { kind: 'status', status: 404, body });
        await bench.failure(handler.list(example.args), ...codes);
        await bench.failure(handler.read(reference.id, example.args), ...codes);
        await bench.failure(handler.delete(reference), ...codes);
        await bench.failure(bench.make(example.second), ...codes);
        if (type.capabilities.verify) {
          const verdict = await handler.verify(reference, secret).catch((error: unknown) => error);
          bench.note(verdict);
          expect(typeof verdict, 'no proof of anything').not.toBe('boolean');
        }
        bench.emulator.clearFaults();
      }
      expectKeys(await handler.list(example.args), [key]);
    },
  },
  {
    name: 'a created key whose answer breaks its form keeps its secret, and its id where that came',
    applies: always,
    async run(bench, _type, example) {
      const { secret, id, other } = places(example);
      const { create } = bench.actions;
      const kept = await bench.create(example.args);
      const whole = lastBody(bench, create);
      for (const place of [secret, id, other]) {
        expect(typeof valueAt(whole, place), `${place.join('.')} of the answer to ${create}`).toBe('string');
      }
      const edits: readonly (readonly [keepsId: boolean, at: Where, ...to: Json[]])[] = [
        [false, id],
        [false, id, null],
        [false, id, ['x']],
        [true, other, ['not as documented']],
        [true, other, { not: 'as documented' }],
      ];
      for (const [keepsId, at, ...to] of edits) {
        edit(bench, create, at, ...to);
        const before = bench.count(create);
        const error = await bench.make(example.second).catch((thrown: unknown) => thrown);
        bench.note(error);
        bench.emulator.clearFaults();
        expect(bench.count(create) - before).toBe(1);
        if (!(error instanceof SecretArrivedError)) throw new Error(`the secret is lost: ${inspect(error)}`);
        const body = lastBody(bench, create);
        expect(error.secret.reveal()).toBe(valueAt(body, secret));
        bench.conceal(error.secret.reveal());
        expect(error.keyId).toBe(keepsId ? valueAt(body, id) : null);
        expect(error.message, 'the field at fault').toMatch(/"[^"]+"/);
        // What was made is in the list, under the id that the error names where it knows one.
        const [made] = (await bench.handler.list(example.args)).filter((key) => key.id !== kept.key.id);
        if (made === undefined) throw new Error('what was made is not in the list');
        expect(made.id).toBe(error.keyId ?? made.id);
        await bench.handler.delete(referenceTo(made, { ...example.second, ...made.args }));
      }
    },
  },
  {
    name: 'a created key whose answer lacks its secret is an unknown outcome',
    applies: always,
    async run(bench, _type, example) {
      const { secret } = places(example);
      const { create } = bench.actions;
      const edits: Json[][] = [[], [null], [7], [''], [['x']]];
      for (const to of edits) {
        edit(bench, create, secret, ...to);
        const before = bench.count(create);
        const error = await bench.failure(bench.make(example.args), 'outcome-unknown');
        expect(error).not.toBeInstanceOf(SecretArrivedError);
        bench.emulator.clearFaults();
        expect(bench.count(create) - before).toBe(1);
        const [made] = await bench.handler.list(example.args);
        if (made === undefined) throw new Error('the key was made, and is not in the list');
        await bench.handler.delete(referenceTo(made, { ...example.args, ...made.args }));
      }
    },
  },
];
