import { createHash } from 'node:crypto';

/** Bytes that something left, and what. */
export interface Seen {
  readonly where: string;
  readonly bytes: Buffer;
}

/** The clothes in which a secret may travel: as it is, and as the usual encodings have it, also as a part of something longer. */
export function forms(secret: string): Map<string, Buffer> {
  const bytes = Buffer.from(secret);
  const json = (text: string) => JSON.stringify(text).slice(1, -1);
  const url = encodeURIComponent(secret);
  const found = new Map<string, Buffer>([
    ['raw', bytes],
    ['UTF-16', Buffer.from(secret, 'utf16le')],
    ['hex', Buffer.from(bytes.toString('hex'))],
    ['HEX', Buffer.from(bytes.toString('hex').toUpperCase())],
    ['URL', Buffer.from(url)],
    ['URL, in small letters', Buffer.from(url.replaceAll(/%../g, (code) => code.toLowerCase()))],
    ['a form', Buffer.from(new URLSearchParams([['', secret]]).toString().slice(1))],
    ['JSON', Buffer.from(json(secret))],
    ['JSON in JSON', Buffer.from(json(json(secret)))],
    ['JSON in ASCII', Buffer.from(json(secret).replaceAll(/[^ -~]/g, (c) => `\\u${hex4(c)}`))],
  ]);
  // Within something longer, as `id:secret` is, its bits begin at one of three places of a base64 group.
  for (let before = 0; before < 3; before++) {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    const inner = text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
    found.set(`base64 (${before})`, Buffer.from(inner));
    found.set(`base64url (${before})`, Buffer.from(inner.replaceAll('+', '-').replaceAll('/', '_')));
  }
  return found;
}

function hex4(char: string): string {
  return char.charCodeAt(0).toString(16).padStart(4, '0');
}

/** All that a run leaves, each content once, and the search for secrets in it. */
export class Trail {
  /** By content; a thing that is seen again and again is kept with its first name. */
  readonly #seen = new Map<string, Seen>();
  /** By what it is. */
  readonly secrets = new Map<string, string>();

  see(where: string, bytes: Uint8Array): void {
    const key = createHash('sha256').update(bytes).digest('base64');
    // The kind of thing counts as well: that a journal was seen must show, even if a backup is equal to it.
    const known = this.#seen.get(`${kindOf(where)} ${key}`);
    if (known === undefined) this.#seen.set(`${kindOf(where)} ${key}`, { where, bytes: Buffer.from(bytes) });
  }

  get seen(): readonly Seen[] {
    return [...this.#seen.values()];
  }

  /** Whether anything whose name matches was seen, and holds `text`. */
  has(where: RegExp, text: string | Buffer = ''): boolean {
    return this.seen.some((one) => where.test(one.where) && one.bytes.includes(text));
  }

  /** Every secret that is found, in which form and where. */
  leaks(): string[] {
    const index = new Map<number, { readonly what: string; readonly form: Buffer }[]>();
    const bits = new Uint8Array(1 << 16);
    for (const [what, secret] of this.secrets) {
      if (secret.length < 12) throw new Error(`${what} is too short to be told from chance`);
      for (const [how, form] of forms(secret)) {
        const key = form.readUInt32LE(0);
        index.set(key, [...(index.get(key) ?? []), { what: `${what}, as ${how}`, form }]);
        bits[form.readUInt16LE(0)] = 1;
      }
    }
    const found = new Set<string>();
    for (const { where, bytes } of this.#seen.values()) {
      for (let at = 0; at + 4 <= bytes.length; at++) {
        // Two bytes, then four, then all: so that a hundred forms cost no more than one.
        if (bits[(bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)] !== 1) continue;
        for (const { what, form } of index.get(bytes.readUInt32LE(at)) ?? []) {
          if (bytes.subarray(at, at + form.length).equals(form)) found.add(`${what}, in ${where}`);
        }
      }
    }
    return [...found].sort();
  }
}

/** The first word or path of a name. */
function kindOf(where: string): string {
  return where.split(' ', 1)[0] ?? '';
}
