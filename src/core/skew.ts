import type { HttpResponse } from './http.ts';

/**
 * How far this machine's clock is ahead of the one that dated the answer, milliseconds, negative for behind; null when the
 * answer has no `Date`. `now` is this machine's time, milliseconds since 1970.
 */
export function clockSkew(response: HttpResponse, now: number): number | null {
  const theirs = Date.parse(response.headers.date ?? '');
  return Number.isNaN(theirs) ? null : now - theirs;
}

/** The beginning of a sentence about a clock that is `skew` milliseconds ahead. */
export function skewWords(skew: number): string {
  const minutes = Math.round(Math.abs(skew) / 60_000);
  return `This machine’s clock is ${minutes} ${minutes === 1 ? 'minute' : 'minutes'} ${skew > 0 ? 'ahead of' : 'behind'} the API’s`;
}
