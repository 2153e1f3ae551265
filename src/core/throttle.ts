/** An emulator's rate limits: calls in the last second, by limiter. Not to be saved: a second is over before a restart is. */
export class Throttle {
  readonly #calls = new Map<string, number[]>();

  /** Counts a call under `name`; false, and not counted, when there were `perSecond` within the last second. 0: no limit. */
  admit(name: string, perSecond: number, now: number): boolean {
    if (perSecond === 0) return true;
    const recent = (this.#calls.get(name) ?? []).filter((at) => at > now - 1000 && at <= now);
    const admitted = recent.length < perSecond;
    if (admitted) recent.push(now);
    this.#calls.set(name, recent);
    return admitted;
  }
}
