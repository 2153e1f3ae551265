import type { HttpLogEntry } from './http.ts';

/**
 * What `KEYFORM_LOG` asks for: a line for each request with method, address, status, duration, attempt and the vendor's
 * request id. Null when it asks for nothing. The entries hold no header, body or query value, so no line can.
 */
export function httpLog(
  level: string | undefined,
  write: (line: string) => void,
): ((entry: HttpLogEntry) => void) | null {
  if (level !== 'debug' && level !== 'trace') return null;
  return (entry) => {
    const answer = entry.status === null ? `no answer (${entry.error ?? 'unknown'})` : `HTTP ${entry.status}`;
    const more = [
      entry.attempt > 0 ? `attempt ${entry.attempt + 1}` : null,
      entry.requestId === null ? null : `request id ${entry.requestId}`,
      level === 'trace' ? `sent ${entry.sentBytes} B, received ${entry.receivedBytes} B` : null,
    ].filter((part) => part !== null);
    write(
      `[http] ${entry.action} ${entry.method} ${entry.url} ${answer} ${Math.round(entry.durationMs)} ms${more.length > 0 ? ` (${more.join(', ')})` : ''}`,
    );
  };
}
