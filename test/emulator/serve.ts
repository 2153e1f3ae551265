/**
 * A process that serves until it is killed, for tests that kill it: `node --import tsx serve.ts file|folder PATH`. With
 * `file` it serves the data file; with `folder` it is a command that uses the sandbox of that folder, and closes it when
 * told so by a line on stdin. Prints one line when it is open, and `closed`.
 */
import { openSandbox } from '../../src/emulator/sandbox.ts';
import { startEmulator } from '../../src/emulator/server.ts';
import { fakeCloud } from './fake.ts';
import { alive, ports } from './ports.ts';

const [kind, path = ''] = process.argv.slice(2);
const clouds = [fakeCloud('fake')];
const say = (line: string) => process.stdout.write(`${line}\n`);

if (kind === 'file') {
  const { origin } = await startEmulator({ ...ports, clouds, port: 0, dataFile: path });
  say(JSON.stringify({ origin }));
} else {
  const onWait = () => say('waiting');
  const sandbox = await openSandbox({ ...ports, clouds, folder: path, pid: process.pid, alive, onWait });
  say(JSON.stringify({ origin: sandbox.origin, reused: sandbox.reused }));
  process.stdin.once('data', () => {
    void sandbox.close().then(() => {
      say('closed');
      process.stdin.destroy();
    });
  });
}
