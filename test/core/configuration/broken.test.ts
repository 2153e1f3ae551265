import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type Diagnostic, DiagnosticsError, formatPath } from '../../../src/core/diagnostic.ts';
import { loadStack } from '../../../src/engine/load.ts';
import { clouds } from '../../../src/providers/index.ts';
import { GROUND, stackText } from '../../engine/text.ts';
import { BROKEN, type Broken, CANARY } from './broken.ts';

/** What loading says, and whether it was refused. */
async function load(broken: Broken): Promise<{ refused: boolean; diagnostics: readonly Diagnostic[] }> {
  const all = Object.entries(broken.files).map(([file, content]) => ({
    folder: file.includes('/') ? file.slice(0, file.lastIndexOf('/')) : '.',
    file: `stacks/prod/${file}`,
    text:
      typeof content === 'object' && content !== null && 'text' in content && typeof content.text === 'string'
        ? content.text
        : JSON.stringify(content),
  }));
  const files = all.filter(({ folder }) => folder === '.');
  const folders = new Set(all.map(({ folder }) => folder).filter((folder) => folder !== '.'));
  const modules = [...folders].map((folder) => ({ folder, files: all.filter((one) => one.folder === folder) }));
  try {
    const loaded = await loadStack({ ...stackText({}), files, modules }, broken.inputs ?? [], clouds, GROUND);
    return { refused: false, diagnostics: loaded.configuration.warnings };
  } catch (error) {
    if (error instanceof DiagnosticsError) return { refused: true, diagnostics: error.diagnostics };
    throw error;
  }
}

function print(diagnostics: readonly Diagnostic[]): string {
  return diagnostics
    .map(({ severity, summary, detail, address, place }) =>
      [
        `${severity}: ${summary}`,
        ...(address === undefined ? [] : [`  of ${address}`]),
        ...(place === undefined
          ? []
          : [
              `  at ${place.file}: ${formatPath(place.path) || '(root)'}${place.column === undefined ? '' : `, column ${place.column}`}`,
            ]),
        ...detail.split('\n').map((line) => `    ${line}`),
        '',
      ].join('\n'),
    )
    .join('\n');
}

describe('a broken stack is refused in words:', () => {
  it.each(Object.entries(BROKEN))('%s', async (name, broken) => {
    const { refused, diagnostics } = await load(broken);
    expect(refused).toBe(name !== 'backend and cloud');
    expect(diagnostics.length).toBeGreaterThan(0);
    const printed = print(diagnostics);
    expect(printed).not.toContain(CANARY);
    for (const { summary, detail } of diagnostics) {
      expect(summary).toMatch(/^.{5,}[^.\n]$/);
      expect(detail).not.toBe('');
    }
    // Nothing is said twice.
    expect(new Set(printed.split('\n\n')).size).toBe(diagnostics.length);
    const golden = new URL(`../../golden/errors/${name.replaceAll(' ', '-')}.txt`, import.meta.url);
    await expect(printed).toMatchFileSnapshot(fileURLToPath(golden));
  });
});
