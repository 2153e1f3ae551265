/** Ways to set text apart. Each returns its argument unchanged where colour is off. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly cyan: (text: string) => string;
  readonly dim: (text: string) => string;
}

// SGR codes of ECMA-48. Each has its own "off", so that a colour inside bold text does not end the bold.
function sgr(on: number, off: number): (text: string) => string {
  return (text) => (text === '' ? '' : `\u001b[${on}m${text}\u001b[${off}m`);
}

const PLAIN: Style = {
  bold: (text) => text,
  red: (text) => text,
  green: (text) => text,
  yellow: (text) => text,
  cyan: (text) => text,
  dim: (text) => text,
};

const COLORED: Style = {
  bold: sgr(1, 22),
  red: sgr(31, 39),
  green: sgr(32, 39),
  yellow: sgr(33, 39),
  cyan: sgr(36, 39),
  dim: sgr(2, 22),
};

/** The style for a stream: ANSI escapes with `color`, plain text without. */
export function style(color: boolean): Style {
  return color ? COLORED : PLAIN;
}
