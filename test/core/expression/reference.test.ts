import { describe, expect, it } from 'vitest';
import { parseTemplate } from '../../../src/core/expression/parse.ts';
import { formatReference } from '../../../src/core/expression/print.ts';
import { calls, references } from '../../../src/core/expression/reference.ts';

describe('references', () => {
  it.each([
    ['a${b.c}d${e[f].g}', ['b.c', 'e', 'f']],
    ['${[for k, v in a.b : "${k}${v.x}${c}"]}', ['a.b', 'c']],
    ['${[for a in a : a]}', ['a']],
    ['${{for k, v in v : k => v... if k}}', ['v']],
    ['${[for a in b : [for c in a : a + c + d]] == a}', ['b', 'd', 'a']],
    ['%{ for a in b }${a}%{ if c }${a}%{ else }${d}%{ endif }%{ endfor }${a}', ['b', 'c', 'd', 'a']],
    ['${a.*.b[c]}${d[*].e[f]}', ['a', 'c', 'd', 'f']],
    ['${f(-a, [b], {c = d, (e) = g}) ? (h).i : "${j}"}', ['a', 'b', 'd', 'e', 'g', 'h', 'j']],
    ['${a["b c"][0].d-e["0"]}', ['a["b c"][0].d-e["0"]']],
    ['${true}', []],
  ])('of %s are the free names, in order', (text, expected) => {
    expect([...references(parseTemplate(text))].map(formatReference)).toEqual(expected);
  });
});

describe('calls', () => {
  it('are found everywhere, outer ones first', () => {
    const text = '${[for a in f(g(b)) : h(a) if i()][j()].k} %{ if l() }${m::n(o)}%{ endif }';
    expect([...calls(parseTemplate(text))].map(({ name }) => name)).toEqual(['f', 'g', 'h', 'i', 'j', 'l', 'm::n']);
  });
});
