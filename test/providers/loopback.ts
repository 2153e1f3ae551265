import type { CloudEmulator, EmulatorRequest } from '../../src/core/emulator.ts';
import { KeyformError } from '../../src/core/error.ts';
import type { HttpPort } from '../../src/core/http.ts';

/** For connections that no file has a part in. */
export const readText = (path: string): Promise<string> => Promise.reject(new Error(`nothing should read ${path}`));

/**
 * An HTTP port that hands each request straight to `emulator`: one attempt for each call, no network, no waiting.
 * It sees what a server would see (the `host` header included) and, as the real port does, asks for a verdict on every answer,
 * but it never repeats a call: an answer that is due for repeating is returned as it is. `calls` holds the
 * actions sent, in order.
 */
export function loopback(emulator: CloudEmulator): HttpPort & { readonly calls: { readonly action: string }[] } {
  const calls: { readonly action: string }[] = [];
  return {
    calls,
    async send(call) {
      if (call.signal?.aborted === true) throw new KeyformError('cancelled', `${call.action} was cancelled`);
      const built = await call.build(0);
      calls.push({ action: call.action });
      const url = new URL(built.url);
      const headers: Record<string, string> = { host: url.host };
      for (const [name, value] of Object.entries(built.headers)) headers[name.toLowerCase()] = value;
      const request: EmulatorRequest = {
        method: built.method,
        path: url.pathname,
        query: url.searchParams,
        headers,
        body: built.body ?? '',
      };
      if (!emulator.claims(request)) throw new Error(`the emulator does not claim ${built.method} ${url.pathname}`);
      const response = emulator.handle(request);
      const { status, body } = response;
      const answer = { status, headers: response.headers, body };
      call.judge(answer);
      return answer;
    },
  };
}
