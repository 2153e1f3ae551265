import { describe, expect, it } from 'vitest';
import { keyformSays } from '../../language/keyform.ts';

// What terraform console 1.11.4 says of these is in the comments; ordinary neighbours of theirs have to be read still.

const errorOf = (text: string) => {
  const said = keyformSays({ text }, 'plan');
  return 'error' in said ? said.error : null;
};
const yaml = (source: string) => `yamldecode(${JSON.stringify(source)})`;

describe('yamldecode', () => {
  // Terraform: "control characters are not allowed".
  it.each(['a: \u0001', '"\u0001"', '# \u007f\na: 1', 'a: "\u0080"', 'a: \u009f', 'a: \ufffe'])(
    'refuses the control in %j',
    (source) => {
      expect(errorOf(yaml(source))).toBe('Error in function call');
    },
  );

  it.each([
    // Terraform: "did not find expected ',' or '}'" or its like.
    '{a:[]}',
    '{a:{}}',
    '{a :[1]}',
    '[a:[]]',
    '{a?: 1}',
    '[a?b]',
    '[:a]',
    // Terraform: "a:" is the text or the key.
    '{a:, b: 2}',
    '{a:}',
    '[a:]',
    // Terraform: [{a = null}]
    '[?a]',
    // Terraform: "  x\n  \n", "  \n" and "  x\n  ".
    'k: |2\n    x\n    \nz: 1\n',
    'k: |2\n    \n',
    '&a |2-\n    x\n    \n',
    // Terraform: "x\n ".
    'k: |\n  x\n   ',
  ])('does not read %j otherwise than Terraform', (source) => {
    expect(errorOf(yaml(source))).toBe('Unusual YAML');
    expect(errorOf(`try(${yaml(source)}, 1)`)).toBe('Unusual YAML');
  });

  it.each([
    ['{a: []}', { a: [] }],
    ['{"a":[], \'b\':{}}', { a: [], b: {} }],
    ['{a:x: b, u: http://x:80}', { 'a:x': 'b', u: 'http://x:80' }],
    ['[{a: b c}, d]', [{ a: 'b c' }, 'd']],
    ['a: b?c', { a: 'b?c' }],
    ['k: |2\n    x\n\nz: q\n', { k: '  x\n', z: 'q' }],
    ['k: |\n  x\n  ', { k: 'x\n' }],
    ['k: |\n  x\n     \nz: q\n', { k: 'x\n   \n', z: 'q' }],
    ['\ufeffa: "\u{1f600}\t"', { a: '\u{1f600}\t' }],
  ])('reads %j', (source, value) => {
    expect(keyformSays({ text: yaml(source) }, 'plan')).toMatchObject({ value });
  });
});

// Terraform: "not enough remaining address space …", as it begins with the network before the first one.
it.each(['0.0.0.0/0', '0.0.0.0/8', '::/56', '::1/48', '::ffff:0:0/96', '::ffff:10.0.0.0/104'])(
  'cidrsubnets has none in %s',
  (prefix) => {
    expect(errorOf(`cidrsubnets("${prefix}", 8)`)).toBe('Invalid function argument');
  },
);
