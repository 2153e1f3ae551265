import { expect, it } from 'vitest';
import { machineFolderOf, refugesOf } from '../../src/engine/storage.ts';

it.each<[string, Record<string, string>, string, string[]]>([
  ['the home folder', {}, '/home/alice', ['/home/alice/.local/state/keyform/rescue', '/work/project']],
  ['XDG_STATE_HOME', { XDG_STATE_HOME: '/var/xdg' }, '/home/alice', ['/var/xdg/keyform/rescue', '/work/project']],
  ['no home folder', { XDG_STATE_HOME: 'relative' }, '/', ['/work/project']],
  ['a folder for temporary files, which others can write to', { TMPDIR: '/tmp' }, '/', ['/work/project']],
])('a secret goes only where nobody else can put a file: with %s', (_, environment, home, refuges) => {
  expect(refugesOf({ folder: '/work/project' }, machineFolderOf(environment, home))).toEqual(refuges);
});
