import { createHash, type Hash } from 'node:crypto';
import type { Files, OpenFile, Random } from '../core/port.ts';
import { faultCode, guarded, stateIo } from './fault.ts';
import { headerLine, type JournalBase, newJournal } from './journal.ts';
import { BLOCK, recordSize, sealRecord } from './record.ts';

/** How far ahead of need zeros are written: some 500 records, one more sync for each stretch of that length. */
const STRETCH = 256 * 1024;

/**
 * Appends records to one journal. Calls must follow one another; the session sees to it.
 *
 * The file is kept ahead of its records with zeros that are written and synced before any record goes over them. So a
 * full disk shows while room is made, when nothing was done at an API yet, and not when a secret must be written; and a
 * record that a crash cut off has zeros where it was not written.
 */
export class JournalWriter {
  /** Where the journal is now: it may be made beside, and get its name when its snapshot stands. */
  path: string;
  readonly #file: OpenFile;
  readonly #header: Buffer;
  readonly #key: Uint8Array;
  readonly #random: Random;
  /** Where the next record goes. */
  #end = BLOCK;
  /** Up to where synced zeros reach. */
  #size: number;
  #records = 0;
  #closed = false;
  /** Of the header and all records. */
  readonly #hash: Hash;
  #broken: { readonly cause: unknown } | null = null;

  private constructor(path: string, file: OpenFile, base: JournalBase, key: Uint8Array, random: Random, size: number) {
    this.path = path;
    this.#file = file;
    this.#header = headerLine(base);
    this.#key = key;
    this.#random = random;
    this.#size = size;
    this.#hash = createHash('sha256').update(newJournal(base, 0));
  }

  /**
   * Makes a new journal, at a path where there is none, with at least `room` bytes for records; null when there is one, which is left as
   * it is. Made whole or not at all, so a journal without its header never is what a crash left. Throws `state-io`.
   */
  static async create(
    path: string,
    options: {
      readonly base: JournalBase;
      readonly key: Uint8Array;
      readonly files: Files;
      readonly random: Random;
      readonly room: number;
    },
  ): Promise<JournalWriter | null> {
    const { base, key, files, random } = options;
    let content = newJournal(base, Math.max(options.room, STRETCH) + BLOCK);
    const file = await guarded('write the journal', path, async () => {
      // Not by exclusive creation, which some file systems only have for files that are then written: never a part of a header.
      if ((await files.read(path)) !== null) return null;
      try {
        await files.replace(path, content, 0o600);
      } catch (error) {
        if (!isFull(error)) throw error;
        content = newJournal(base, options.room + BLOCK); // Just what is needed, before giving up.
        await files.replace(path, content, 0o600);
      }
      return files.open(path, 0o600);
    });
    if (file === null) return null;
    return new JournalWriter(path, file, base, key, random, content.length);
  }

  /**
   * Makes sure that a record with a text of `length` bytes, and after it `reserved` bytes, go over zeros that the disk
   * already holds. Throws `state-io`; the journal stays as good as it was.
   */
  async makeRoom(length: number, reserved: number): Promise<void> {
    this.#refuseBroken();
    const needed = this.#end + recordSize(length) + reserved + BLOCK;
    if (needed <= this.#size) return;
    await guarded('make room in the journal', this.path, async () => {
      try {
        await this.#extend(needed + STRETCH);
      } catch (error) {
        if (!isFull(error)) throw error;
        await this.#extend(needed);
      }
    });
  }

  /**
   * Seals and writes one record, and resolves when it is synced. Throws `state-io`; after that the journal takes nothing
   * more, because after a failed sync nobody can tell what the disk holds, not even by trying again.
   */
  async write(text: string): Promise<void> {
    this.#refuseBroken();
    const record = sealRecord(text, this.#records + 1, this.#header, this.#key, this.#random);
    if (this.#end + record.length + BLOCK > this.#size) {
      // Never past the zeros: a record there would, cut off by a crash, look like a file cut off by something else.
      throw stateIo(
        'write',
        this.path,
        Object.assign(new Error('no room was made for this record'), { code: 'ENOSPC' }),
      );
    }
    try {
      await this.#file.writeAt(this.#end, record);
      await this.#file.sync();
      // Synced to a file that nobody will find again (a folder that was removed, a journal that another process put in its
      // place) is not kept.
      if (!(await this.#file.isAt(this.path))) throw Object.assign(new Error('the file is gone'), { code: 'ENOENT' });
    } catch (cause) {
      this.#broken = { cause };
      throw stateIo('write the journal', this.path, cause);
    }
    this.#end += record.length;
    this.#records += 1;
    this.#hash.update(record);
  }

  /** Bytes that records take. */
  get length(): number {
    return this.#end;
  }

  /** Records written. */
  get records(): number {
    return this.#records;
  }

  /** {@link FoldedJournal.hash} of what is written so far. */
  get digest(): string {
    return this.#hash.copy().digest('hex');
  }

  /** Whether the journal's path still names the file that this writes to. Throws `state-io`. */
  isInPlace(): Promise<boolean> {
    return guarded('look at', this.path, () => this.#file.isAt(this.path));
  }

  /** Takes the zeros away that no record went over, but the last block, which every journal ends with. */
  async trim(): Promise<void> {
    if (this.#size <= this.#end + BLOCK) return;
    await guarded('shorten', this.path, () => this.#file.truncate(this.#end + BLOCK));
    this.#size = this.#end + BLOCK;
  }

  /** Closes the file; the journal stays. A second call does nothing. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await guarded('close', this.path, () => this.#file.close());
  }

  async #extend(target: number): Promise<void> {
    const size = Math.ceil(target / BLOCK) * BLOCK;
    await this.#file.writeAt(this.#size, new Uint8Array(size - this.#size));
    await this.#file.sync();
    this.#size = size;
  }

  #refuseBroken(): void {
    if (this.#broken !== null) throw stateIo('write the journal any more', this.path, this.#broken.cause);
  }
}

function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(faultCode(error) ?? '');
}
