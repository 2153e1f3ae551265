import { z } from 'zod';
import { formatPath } from '../diagnostic.ts';
import type { Json } from '../json.ts';
import { type DriftReport, exitCodeOf, FINDING_KINDS, type Finding } from './report.ts';

/**
 * What `keyform drift -json` prints, and its JSON Schema: `schemas/drift_output.json`. Members are only ever added within format version 1.
 */

const json: z.ZodType<Json> = z.json();

const time = z.string().describe('RFC 3339, UTC');

const place = z
  .strictObject({
    filename: z.string().describe('The file of the stack, relative to the project folder.'),
    path: z.string().describe('Where in its JSON: `resource.TYPE.NAME`.'),
  })
  .describe('Where the stack declares the address; null where it does not.');

const finding = z.strictObject({
  kind: z
    .enum(FINDING_KINDS)
    .describe('What is wrong with the key: one word for each kind of drift, as docs/drift.md explains them.'),
  severity: z
    .enum(['error', 'warning', 'note'])
    .describe('`error`: something does not work, or is forbidden; `warning`: to be looked at; `note`: does not count.'),
  address: z.string().nullable().describe('Of the resource of the stack; null for a key that no stack manages.'),
  type: z.string().describe('The resource type.'),
  cloud: z.string().describe('The cloud, as provider blocks spell it.'),
  provider: z.string().nullable().describe('The provider block through which it was seen.'),
  owner: z.string().describe('Whose key it is, in words.'),
  key_id: z.string().describe("The key's id in the paths of its API."),
  access_key_id: z.string().describe('The id that a client sends; empty where the API does not tell it.'),
  generation: z.int().nullable().describe('Which key of the address; null for one that is in no state.'),
  deposed: z.boolean().describe('Whether it is a replaced key that is still alive.'),
  name: z.string().nullable().describe('Its name; null where keys have none. Whoever made the key chose it.'),
  summary: z.string().describe('One line.'),
  detail: z.string().describe('The circumstances, in sentences.'),
  remedy: z.string().describe('The command to run, or what to do where there is none.'),
  at: time.nullable().describe('When it happened, or happens, RFC 3339, UTC; null where nobody tells.'),
  by: z.string().nullable().describe('Who did it, as the API says it; null where it does not tell.'),
  attributes: z
    .array(
      z.strictObject({
        name: z.string().describe('Of the argument or attribute.'),
        before: json.describe('In state; null where it has no value, or is sensitive.'),
        after: json.describe('At the API; null where it has no value, or is sensitive.'),
        sensitive: z.boolean().describe('Then neither value is shown.'),
      }),
    )
    .describe('What differs, attribute by attribute; for kinds `changed` and `disabled`.'),
  ignored: z
    .strictObject({
      pattern: z.string().describe('The patterns of the rule, in words.'),
      reason: z.string().describe('Why, as the rule says it.'),
      until: z.string().describe('The last day on which the rule holds.'),
    })
    .nullable()
    .describe('The rule of context.keyform.unmanaged by which it does not count; null for none.'),
  place: place.nullable().describe('Where the stack declares it; null for what it does not declare.'),
});

const report = z.strictObject({
  stack: z.string().describe('Its name.'),
  timestamp: time.describe('When Keyform began to look, RFC 3339, UTC.'),
  findings: z
    .array(finding)
    .describe('By address; keys that no stack manages last, by owner. Ignored ones are among them.'),
  unread: z
    .array(
      z.strictObject({
        owner: z.string().describe('In words.'),
        type: z.string().describe('The resource type whose keys were asked for.'),
        provider: z.string().describe('The provider block through which it was asked.'),
        code: z.string().describe('Why, as one word of a closed set.'),
        summary: z.string().describe('One line.'),
        detail: z.string().describe('The circumstances and the remedy.'),
        addresses: z.array(z.string()).describe('Resources whose keys are there, at most five.'),
      }),
    )
    .describe('Owners that could not be read: nothing is known of their keys, and the exit code is 1.'),
  credentials: z
    .array(
      z.strictObject({
        cloud: z.string().describe('The cloud, as provider blocks spell it.'),
        type: z.string().describe('The resource type that it would have.'),
        owner: z.string().describe('In words.'),
        key_id: z.string().describe("The key's id in the paths of its API."),
        access_key_id: z.string().describe('The id that a client sends.'),
      }),
    )
    .describe('Keys in no state that Keyform itself authenticates with: guarded, and no drift.'),
  coverage: z
    .strictObject({
      managed: z.int().describe('Keys that a state of the project holds.'),
      total: z.int().describe('All keys but those that Keyform authenticates with.'),
      ratio: z.number().nullable().describe('Managed by total, 0 to 1; null where there is no key.'),
    })
    .describe('How much of the owners that were read is managed.'),
  owners: z
    .strictObject({ asked: z.int().describe('List calls asked for.'), read: z.int().describe('Of them, answered.') })
    .describe('Owners, each of which is asked once.'),
  calls: z.int().describe('Calls of key APIs, tokens included, repetitions not.'),
  addresses: z.array(z.string()).describe('Resources whose keys could be looked at.'),
  oldest_seconds: z.int().nullable().describe('Age of the oldest key in use; null where none is known.'),
  rotation_due: z.int().describe('Keys whose rotation is due.'),
  diagnostics: z
    .array(
      z.strictObject({
        severity: z.enum(['error', 'warning']).describe('An error makes the exit code 1.'),
        summary: z.string().describe('One line.'),
        detail: z.string().describe('The circumstances and the remedy.'),
        address: z.string().optional().describe('Of the resource concerned.'),
        place: place.optional(),
      }),
    )
    .describe('What went wrong, or is worth knowing, beside findings and unread owners.'),
});

/** The whole document. */
export const driftOutputSchema = z.strictObject({
  format_version: z.literal('1.0').describe('Of this document.'),
  exit_code: z
    .union([z.literal(0), z.literal(1), z.literal(2)])
    .describe('0: no drift. 2: drift. 1: something could not be looked at, whatever else was found.'),
  reports: z.array(report).describe('One for each stack.'),
});

/** What is printed. */
export type DriftOutput = z.infer<typeof driftOutputSchema>;

/** The reports for programs. Holds no secret: the reports hold none. */
export function driftOutput(reports: readonly DriftReport[]): DriftOutput {
  return {
    format_version: '1.0',
    exit_code: exitCodeOf(reports),
    reports: reports.map((one) => ({
      stack: one.stack,
      timestamp: one.at,
      findings: one.findings.map(findingOutput),
      unread: one.unread.map(({ stack: _, addresses, ...rest }) => ({ ...rest, addresses: [...addresses] })),
      credentials: one.credentials.map(({ keyId, accessKeyId, ...rest }) => ({
        ...rest,
        key_id: keyId,
        access_key_id: accessKeyId,
      })),
      coverage: { ...one.coverage },
      owners: { ...one.owners },
      calls: one.calls,
      addresses: [...one.addresses],
      oldest_seconds: one.oldestSeconds,
      rotation_due: one.rotationDue,
      diagnostics: one.diagnostics.map(({ place: where, ...rest }) => ({
        ...rest,
        ...(where === undefined ? {} : { place: placeOutput(where) }),
      })),
    })),
  };
}

function findingOutput(one: Finding): DriftOutput['reports'][number]['findings'][number] {
  return {
    kind: one.kind,
    severity: one.severity,
    address: one.address,
    type: one.type,
    cloud: one.cloud,
    provider: one.provider,
    owner: one.owner,
    key_id: one.keyId,
    access_key_id: one.accessKeyId,
    generation: one.generation,
    deposed: one.deposed,
    name: one.name,
    summary: one.summary,
    detail: one.detail,
    remedy: one.remedy,
    at: one.at,
    by: one.by,
    attributes: one.attributes.map((attribute) => ({ ...attribute })),
    ignored: one.ignored === null ? null : { ...one.ignored },
    place: one.place === null ? null : placeOutput(one.place),
  };
}

function placeOutput({ file, path }: NonNullable<Finding['place']>) {
  return { filename: file, path: formatPath(path) };
}
