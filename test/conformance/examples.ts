import type { HttpPort } from '../../src/core/http.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type { Clock } from '../../src/core/port.ts';
import type { Connection, Settings } from '../../src/core/provider.ts';
import { connect as connectSinch } from '../../src/providers/sinch/resource.ts';

/** What the suite cannot know by itself about a resource type: values that make sense to its API. */
export interface Example {
  /** Switches of the cloud's emulator. */
  readonly options: JsonObject;
  /** Arguments of a key whose owner has no keys when the emulator is new. */
  readonly args: JsonObject;
  /** Another key of the same owner. */
  readonly second: JsonObject;
  /** Keys of other owners, which may have keys already. Together they differ from `args` in every argument that forces a new key. */
  readonly foreign: readonly JsonObject[];
  /** Changes to `args`, made one after the other, which together touch every argument that can change in place. Null clears. */
  readonly updates: readonly JsonObject[];
  /** Arguments of a key that ends an hour after `now`; null where keys do not expire. */
  readonly expiring: ((now: number) => JsonObject) | null;
  /** Well-formed id that no key has. */
  readonly absentId: string;
  /** Settings that turn the emulator's good credential into a wrong one. */
  readonly wrongCredential: Settings;
  /** Other ways to authenticate, as settings over the emulator's own, by name. */
  readonly otherCredentials: Readonly<Record<string, Settings>>;
  /** The vendor's error body with these words in it. */
  readonly error: (message: string) => JsonObject;
  /** Connects so that a list takes a page for each key; or why no list has pages. */
  readonly paged:
    | string
    | ((settings: Settings, ports: { readonly http: HttpPort; readonly clock: Clock }) => Promise<Connection>);
}

/** By resource type. A type without an entry fails the suite. */
export const examples: Readonly<Record<string, Example>> = {
  keyform_sinch_access_key: {
    options: {},
    args: { project_id: 'project-a', display_name: 'ci' },
    second: { project_id: 'project-a', display_name: 'deploy / 100 % ü' },
    foreign: [{ project_id: 'project-b', display_name: 'ci' }],
    updates: [{ display_name: 'ci-2' }],
    expiring: null,
    absentId: '11111111-2222-4333-8444-555555555555',
    wrongCredential: { key_secret: 'a-wrong-secret-for-sinch' },
    otherCredentials: { 'HTTP Basic': { auth: 'basic' } },
    error: (message) => ({ error: { code: 400, message, status: 'INVALID_ARGUMENT', details: [] } }),
    paged: async (settings, ports) => connectSinch(settings, ports, { pageSize: 1 }),
  },
  keyform_outscale_access_key: {
    options: {},
    args: { user_name: 'ci-bot', tag: 'ci' },
    second: { user_name: 'ci-bot', tag: 'deploy / 100 % ü' },
    foreign: [{ user_name: 'other-bot', tag: 'ci' }, { tag: 'root' }],
    updates: [
      { tag: 'ci-2' },
      { expires_at: '2031-01-01' },
      { tag: null },
      { expires_at: null, expires_in: '90d' },
      { tag: 'ci-3' },
      { expires_in: null },
    ],
    expiring: (now) => ({ user_name: 'ci-bot', expires_at: new Date(now + 3_600_000).toISOString() }),
    absentId: 'ABSENTABSENTABSENT00',
    wrongCredential: { secret_key: 'AWRONGSECRETFOROUTSCALE0000000000000FAKE' },
    otherCredentials: { 'login and password': { access_key_id: null, secret_key: null } },
    error: (message) => ({
      Errors: [{ Code: '4047', Type: 'InvalidParameterValue', Details: message }],
      ResponseContext: { RequestId: '00000000-0000-4000-8000-000000000000' },
    }),
    paged: 'ReadAccessKeys has no pages: its schema has no such fields, and a user holds ten keys at most',
  },
};
