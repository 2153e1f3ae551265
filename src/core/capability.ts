import type { ResourceSchema } from './schema.ts';

/** One capability in words, for people: a row of the table of all clouds, and a line about one resource type. */
export interface CapabilityWords {
  readonly title: string;
  /** What the row is about, in one or two sentences. */
  readonly meaning: string;
  /** The answer in a table's cell, Markdown. */
  readonly cell: (resource: ResourceSchema) => string;
  /** The answer in a sentence's length, Markdown, to follow the title and a colon. */
  readonly words: (resource: ResourceSchema) => string;
}

type Limit = ResourceSchema['capabilities']['rate_limits'][number];

/** Every capability, in the order in which people read them. */
export const CAPABILITY_WORDS: readonly CapabilityWords[] = [
  {
    title: 'Owner',
    meaning: 'Whose key it is. Keyform makes one list call for each owner, and quotas and unique names count by it.',
    cell: ({ owner }) => owner.word,
    words: ({ owner, arguments: all }) => {
      if (owner.arguments.length === 0) return `the ${owner.word} that Keyform authenticates as`;
      const optional = owner.arguments.some((name) => all[name]?.required !== true);
      return `the ${owner.word}, named by ${list(owner.arguments)}${optional ? ', which may be left out' : ''}`;
    },
  },
  {
    title: 'Name',
    meaning:
      'The argument that names a key. Where names are unique, a rotation renames the old key before it makes the new one; where they cannot be changed either, the old key must go first.',
    cell: ({ capabilities: { name } }) =>
      name === null
        ? 'none'
        : [
            `\`${name.argument}\``,
            ...(name.unique_per_owner ? ['unique'] : []),
            ...(name.renameable ? [] : ['fixed']),
          ].join(', '),
    words: ({ owner, capabilities: { name } }) =>
      name === null
        ? 'none; keys are told apart by their ids'
        : `\`${name.argument}\`, ${name.unique_per_owner ? `unique among the keys of one ${owner.word}` : 'need not be unique'}, ${name.renameable ? 'can be changed' : 'fixed for the life of a key'}`,
  },
  {
    title: 'Changed in place',
    meaning: 'Arguments whose changed values are applied to the living key. Any other change makes a new key.',
    cell: ({ updates_in_place: names }) => list(names) || 'nothing',
    words: ({ updates_in_place: names }) => list(names) || 'nothing: every change makes a new key',
  },
  {
    title: 'Disable and enable',
    meaning: 'A key can be made unusable, and usable again, without deleting it.',
    cell: ({ capabilities }) => yes(capabilities.disable),
    words: ({ capabilities, updates_in_place: names }) =>
      capabilities.disable
        ? `yes${names.includes('enabled') ? ', by `enabled`' : ''}`
        : 'no: a key works until it is deleted or ends by itself',
  },
  {
    title: 'Expiry',
    meaning: 'A key may carry an end of life that the API itself enforces.',
    cell: ({ capabilities }) => (capabilities.expiry === 'none' ? 'no' : capabilities.expiry),
    words: ({ capabilities, arguments: all }) => {
      if (capabilities.expiry === 'none') return 'no: a key has no end of life of its own';
      const by = ['expires_at', 'expires_in'].filter((name) => all[name] !== undefined);
      return `${capabilities.expiry}${by.length === 0 ? '' : `, by ${by.map((name) => `\`${name}\``).join(' or ')}`}`;
    },
  },
  {
    title: 'New secret, same id',
    meaning: 'A living key can be given a new secret under its id; the old secret stops working.',
    cell: ({ capabilities }) => yes(capabilities.regenerate),
    words: ({ capabilities }) => (capabilities.regenerate ? 'yes' : 'no: a new secret means a new key'),
  },
  {
    title: 'Secret told again',
    meaning: 'The API tells the secret of an existing key. Where it does not, a secret that was lost means a new key.',
    cell: ({ capabilities, shows_part_of_secret: part }) =>
      capabilities.secret_readable ? 'yes' : part ? 'a part' : 'no',
    words: ({ capabilities, shows_part_of_secret: part }) =>
      capabilities.secret_readable
        ? 'yes'
        : part
          ? 'a part of it, which shows whether the secret that Keyform holds is the live one'
          : 'no: only by the call that makes it',
  },
  {
    title: 'Tried before use',
    meaning: 'A harmless call tells whether a new secret works, before anything depends on it.',
    cell: ({ capabilities }) => yes(capabilities.verify),
    words: ({ capabilities }) => (capabilities.verify ? 'yes' : 'no: the API has no harmless call for it'),
  },
  {
    title: 'Last use',
    meaning: 'The API tells when a key was last used.',
    cell: ({ capabilities }) => ({ none: 'no', listed: 'with each list', asked: 'on request' })[capabilities.last_used],
    words: ({ capabilities }) =>
      ({ none: 'not told', listed: 'told with each list (`last_used_at`)', asked: 'told by a call of its own' })[
        capabilities.last_used
      ],
  },
  {
    title: 'Changes told',
    meaning:
      'Whether lists tell when a key was last changed, by whom, and who made it: what a report of drift can say.',
    cell: ({ told }) => toldOf(told).join(', ') || 'no',
    words: ({ told }) => toldOf(told).join(', ') || 'lists tell neither who changed a key nor when',
  },
  {
    title: 'Ready',
    meaning: 'Whether a key can be used as soon as the call that makes it has answered, or only some time later.',
    cell: ({ capabilities }) => (capabilities.asynchronous ? 'later' : 'at once'),
    words: ({ capabilities }) =>
      capabilities.asynchronous
        ? 'some time after it was made; Keyform records the secret first, then waits'
        : 'as soon as it is made',
  },
  {
    title: 'Id of choice',
    meaning: "The caller may choose the new key's id.",
    cell: ({ capabilities: { custom_id: name } }) => (name === null ? 'no' : `\`${name}\``),
    words: ({ capabilities: { custom_id: name } }) =>
      name === null ? 'no: the API gives ids out' : `yes, by \`${name}\`, which no two keys can share`,
  },
  {
    title: 'Quota',
    meaning:
      'How many keys there can be. A plan that one owner’s quota cannot hold is refused before anything is called.',
    cell: ({ capabilities: { quota } }) => (quota === null ? 'none published' : `${quota.keys} per ${quota.per}`),
    words: ({ capabilities: { quota } }) => {
      if (quota === null) return 'the vendor publishes none';
      const held = quota.per_owner
        ? 'a plan is held to it'
        : 'a list does not show all that count, so a plan cannot be held to it';
      return `${quota.keys} keys per ${quota.per}; ${held}`;
    },
  },
  {
    title: 'Rate limit',
    meaning:
      'How many calls a second Keyform allows itself, over everything that runs at once. Unpublished numbers are cautious defaults.',
    cell: ({ capabilities: { rate_limits: limits } }) =>
      limits.length === 0
        ? 'none published'
        : limits
            .map((limit) => `${limit.per_second}/s ${reach(limit)}${limit.published ? '' : ' (unpublished)'}`)
            .join('<br>'),
    words: ({ capabilities: { rate_limits: limits } }) =>
      limits.length === 0
        ? 'the vendor publishes none'
        : limits
            .map(
              (limit) =>
                `${limit.per_second} calls a second, ${reach(limit)}${limit.published ? '' : ' (a cautious default; the vendor publishes no number)'}`,
            )
            .join('; '),
  },
  {
    title: 'Keys per list call',
    meaning: 'How many keys one answer to a list holds. A list of more keys takes more calls.',
    cell: ({ capabilities }) => (capabilities.page_size === null ? 'all' : String(capabilities.page_size)),
    words: ({ capabilities }) =>
      capabilities.page_size === null ? 'all; lists have no pages' : `${capabilities.page_size}, a page`,
  },
];

function toldOf({ changed_at: at, changed_by: by, created_by: maker }: ResourceSchema['told']): string[] {
  const [when, whom, who] = [at, by, maker].map((name) => (name === null ? null : `(\`${name}\`)`));
  return [
    ...(when === null ? [] : [`when ${when}`]),
    ...(whom === null ? [] : [`by whom ${whom}`]),
    ...(who === null ? [] : [`made by whom ${who}`]),
  ];
}

function yes(can: boolean): string {
  return can ? 'yes' : 'no';
}

function reach({ actions, together }: Limit): string {
  if (actions.length === 0) return together ? 'all actions together' : 'each action';
  return `${list(actions)}${actions.length === 1 ? '' : together ? ' together' : ' each'}`;
}

function list(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ');
}
