import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

/**
 * Asks a question on the terminal: the question goes to standard error, so that standard output stays data. Hidden answers
 * are not echoed. Rejects with the signal's reason on abort; an end of input is an empty answer.
 */
export function ask(signal: AbortSignal): (question: string, options: { readonly hidden: boolean }) => Promise<string> {
  return (question, { hidden }) =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
      const lines = createInterface({ input: process.stdin, output: hidden ? silent : process.stderr, terminal: true });
      // Not before echo is off: what is pasted at the sight of the question must not show.
      process.stderr.write(question);
      let answer = '';
      const abort = () => {
        lines.close();
        reject(signal.reason);
      };
      signal.addEventListener('abort', abort, { once: true });
      // In raw mode Ctrl-C is a key and no signal: hand it on.
      lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
      lines.once('line', (line) => {
        answer = line;
        lines.close();
      });
      lines.once('close', () => {
        signal.removeEventListener('abort', abort);
        if (hidden) process.stderr.write('\n');
        // Closing comes of an abort too, and an answer that was not given is no empty one.
        if (signal.aborted) reject(signal.reason);
        else resolve(answer);
      });
    });
}
