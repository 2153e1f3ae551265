/**
 * Characters that a terminal acts on instead of showing: C0 and C1 controls, line separators, and the marks that turn the
 * direction of text. Names and messages come from APIs, where anybody may have put such characters into them.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to find
const ACTING = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** A string in double quotes, with JSON's escapes and one for each character that a terminal would act on. */
export function quote(text: string): string {
  return JSON.stringify(text).replace(ACTING, escaped);
}

/** Text of foreign origin that is shown without quotes, on one line: characters that a terminal would act on are escaped. */
export function plain(text: string): string {
  return text.replace(ACTING, escaped);
}
