import type { Files, OpenFile } from '../../src/core/port.ts';

/** What a dead process sees of every further operation. Not a Node error: no code may take it for one. */
export class Crash extends Error {}

type Step = 'create' | 'write' | 'sync' | 'rename' | 'unlink' | 'syncdir' | 'read';

interface Inode {
  content: Buffer;
  durable: Buffer;
  /** Writes and truncations since the last sync, in order. */
  pending: ({ readonly offset: number; readonly bytes: Buffer } | { readonly length: number })[];
}

/**
 * A disk in memory that tells what is durable from what is not. It can be full, fail with an error at a step, or lose power
 * before a step: then all operations throw {@link Crash}, and {@link MemoryDisk.reboot} gives the disk as it is found
 * afterwards, with what was not synced kept, lost or torn as `chance` has it.
 */
export class MemoryDisk implements Files {
  readonly log: string[] = [];
  /** Crash before the step with this number (from 0). */
  crashAt: number | null = null;
  /** Node's code of the error that a step shall throw, or null. */
  fault: (step: Step, path: string) => string | null = () => null;
  /** Bytes that all files together may have. */
  capacity = Number.POSITIVE_INFINITY;
  /** Runs before each step of anybody, while the others wait for it. */
  onStep: (() => Promise<void>) | null = null;
  #names = new Map<string, Inode>();
  #durableNames = new Map<string, Inode>();
  #renames: ((names: Map<string, Inode>) => void)[] = [];
  #crashed = false;
  #temporary = 0;

  static of(content: Record<string, Uint8Array>): MemoryDisk {
    const disk = new MemoryDisk();
    for (const [path, bytes] of Object.entries(content)) {
      const inode = { content: Buffer.from(bytes), durable: Buffer.from(bytes), pending: [] };
      disk.#names.set(path, inode);
      disk.#durableNames.set(path, inode);
    }
    return disk;
  }

  /** All files as they are now, by path. */
  content(): Record<string, Buffer> {
    return Object.fromEntries([...this.#names].sort().map(([path, inode]) => [path, Buffer.from(inode.content)]));
  }

  get(path: string): Buffer {
    const inode = this.#names.get(path);
    if (inode === undefined) throw new Error(`no ${path} on the test disk`);
    return Buffer.from(inode.content);
  }

  /** The process is killed, the machine goes on: everything written stays. */
  kill(): MemoryDisk {
    this.#crashed = true;
    return MemoryDisk.of(this.content());
  }

  /** The power fails: of what was not synced, `chance` (in [0, 1)) decides. */
  reboot(chance: () => number): MemoryDisk {
    this.#crashed = true;
    const names = new Map(this.#durableNames);
    // A file system keeps changes of its folders in their order: some first ones are there, the rest is not.
    const kept = Math.floor(chance() * (this.#renames.length + 1));
    for (const change of this.#renames.slice(0, kept)) change(names);
    return MemoryDisk.of(Object.fromEntries([...names].map(([path, inode]) => [path, survive(inode, chance)])));
  }

  async read(path: string, limit?: number): Promise<Uint8Array | null> {
    this.#alive();
    const code = this.fault('read', path);
    if (code !== null) throw errno(code);
    const inode = this.#names.get(path);
    return inode === undefined ? null : new Uint8Array(inode.content.subarray(0, limit));
  }

  async list(path: string): Promise<readonly { readonly name: string; readonly directory: boolean }[] | null> {
    this.#alive();
    const names = [...this.#names.keys()].filter((name) => name.startsWith(`${path}/`));
    return names.map((name) => ({ name: name.slice(path.length + 1), directory: false }));
  }

  async replace(path: string, bytes: Uint8Array, _mode: number): Promise<void> {
    const slash = path.lastIndexOf('/') + 1;
    const temporary = `${path.slice(0, slash)}.${path.slice(slash)}.${++this.#temporary}.tmp`;
    try {
      const inode = await this.#create(temporary);
      await this.#write(inode, path, 0, bytes);
      await this.#sync(inode, path);
      await this.#step('rename', path);
    } catch (error) {
      if (!(error instanceof Crash)) this.#change((names) => names.delete(temporary));
      throw error;
    }
    this.#change((names) => {
      const inode = names.get(temporary);
      if (inode !== undefined) names.set(path, inode);
      names.delete(temporary);
    });
    await this.#syncFolder(path);
  }

  // Not by a link, as a good disk allows, but in the order that leaves most behind: so readers meet half-made files.
  async createExclusive(path: string, bytes: Uint8Array, _mode: number): Promise<boolean> {
    this.#alive();
    if (this.#names.has(path)) return false;
    const inode = await this.#create(path);
    await this.#write(inode, path, 0, bytes);
    await this.#sync(inode, path);
    await this.#syncFolder(path);
    return true;
  }

  async open(path: string, _mode: number): Promise<OpenFile> {
    this.#alive();
    const inode = this.#names.get(path) ?? (await this.#create(path));
    let open = true;
    const check = () => {
      if (!open) throw errno('EBADF');
    };
    return {
      readAt: async (offset, length) => {
        check();
        this.#alive();
        const code = this.fault('read', path);
        if (code !== null) throw errno(code);
        return new Uint8Array(inode.content.subarray(offset, offset + length));
      },
      writeAt: async (offset, bytes) => {
        check();
        await this.#write(inode, path, offset, bytes);
      },
      sync: async () => {
        check();
        await this.#sync(inode, path);
      },
      truncate: async (length) => {
        check();
        await this.#step('write', path);
        inode.content = resized(inode.content, length);
        inode.pending.push({ length });
      },
      isAt: async (other) => {
        check();
        this.#alive();
        return this.#names.get(other) === inode;
      },
      close: async () => {
        this.#alive();
        check();
        open = false;
      },
    };
  }

  /** Makes this disk another view of what is on `other` now and from now on: a shared folder. */
  shareWith(other: MemoryDisk): void {
    this.#names = other.#names;
    this.#durableNames = other.#durableNames;
  }

  async rename(from: string, to: string): Promise<void> {
    this.#alive();
    if (!this.#names.has(from)) throw errno('ENOENT');
    await this.#step('rename', to);
    this.#change((names) => {
      const inode = names.get(from);
      if (inode !== undefined) names.set(to, inode);
      names.delete(from);
    });
    await this.#syncFolder(to);
  }

  async remove(path: string): Promise<void> {
    this.#alive();
    if (!this.#names.has(path)) return;
    await this.#step('unlink', path);
    this.#change((names) => names.delete(path));
    await this.#syncFolder(path);
  }

  async #create(path: string): Promise<Inode> {
    await this.#step('create', path);
    const inode: Inode = { content: Buffer.alloc(0), durable: Buffer.alloc(0), pending: [] };
    this.#change((names) => names.set(path, inode));
    return inode;
  }

  async #write(inode: Inode, path: string, offset: number, bytes: Uint8Array): Promise<void> {
    await this.#step('write', path);
    let used = 0;
    for (const other of this.#names.values()) used += other.content.length;
    const room = Math.max(0, this.capacity - used) + Math.max(0, inode.content.length - offset);
    const part = Buffer.from(bytes.subarray(0, room));
    inode.content = written(inode.content, offset, part);
    inode.pending.push({ offset, bytes: part });
    if (part.length < bytes.length) throw errno('ENOSPC');
  }

  async #sync(inode: Inode, path: string): Promise<void> {
    await this.#step('sync', path);
    inode.durable = Buffer.from(inode.content);
    inode.pending = [];
  }

  async #syncFolder(path: string): Promise<void> {
    await this.#step('syncdir', path);
    this.#durableNames = new Map(this.#names);
    this.#renames = [];
  }

  #change(change: (names: Map<string, Inode>) => void): void {
    change(this.#names);
    this.#renames.push(change);
  }

  async #step(step: Step, path: string): Promise<void> {
    // A turn of the event loop, so that others run in between as they do beside a real disk.
    await new Promise((resolve) => setImmediate(resolve));
    this.#alive();
    if (this.log.length === this.crashAt) {
      this.#crashed = true;
      throw new Crash();
    }
    this.log.push(`${step} ${path}`);
    await this.onStep?.();
    const code = this.fault(step, path);
    if (code !== null) throw errno(code);
  }

  #alive(): void {
    if (this.#crashed) throw new Crash();
  }
}

function survive(inode: Inode, chance: () => number): Buffer {
  let content: Buffer = Buffer.from(inode.durable);
  for (const change of inode.pending) {
    const fate = chance();
    if (fate < 0.2) continue;
    if ('length' in change) {
      content = resized(content, change.length);
    } else if (fate < 0.4) {
      content = written(content, change.offset, change.bytes);
    } else if (fate < 0.8) {
      const cut = Math.floor(chance() * (change.bytes.length + 1));
      content = written(content, change.offset, change.bytes.subarray(0, cut));
    } else {
      // Sectors reach the disk in any order.
      for (let at = 0; at < change.bytes.length; at += 512) {
        if (chance() < 0.5) content = written(content, change.offset + at, change.bytes.subarray(at, at + 512));
      }
    }
  }
  return content;
}

function written(content: Buffer, offset: number, bytes: Uint8Array): Buffer {
  const result = resized(content, Math.max(content.length, bytes.length === 0 ? 0 : offset + bytes.length));
  Buffer.from(bytes).copy(result, offset);
  return result;
}

function resized(content: Buffer, length: number): Buffer {
  const result = Buffer.alloc(length);
  content.copy(result);
  return result;
}

function errno(code: string): Error {
  return Object.assign(new Error(`${code}: from the test disk`), { code });
}
