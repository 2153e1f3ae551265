import type { Socket } from 'node:net';
import { BlockList, isIP } from 'node:net';
import { KeyformError } from '../core/error.ts';
import type { Environment } from '../core/port.ts';
import { isLoopback } from './loopback.ts';

/**
 * The proxy through which `url` is reached, or null for none: `https_proxy`, else `HTTPS_PROXY`, unless `no_proxy` or
 * `NO_PROXY` names the host. Loopback is never proxied, and plain http goes to loopback only, so `http_proxy` has no say.
 * Entries of NO_PROXY, parted by commas or blanks: `*`, a name (which stands for its subdomains too, with or without a
 * leading dot), an address, a CIDR range, each with an optional port. Throws `invalid-configuration`.
 */
export function proxyFor(url: URL, environment: Environment): URL | null {
  const setting = environment.https_proxy || environment.HTTPS_PROXY;
  if (!setting || isLoopback(url.hostname)) return null;
  if (isExcepted(url, environment.no_proxy || environment.NO_PROXY || '')) return null;
  // curl and others take a value without a scheme for http.
  const text = setting.includes('://') ? setting : `http://${setting}`;
  const proxy = URL.canParse(text) ? new URL(text) : null;
  if (proxy === null || (proxy.protocol !== 'http:' && proxy.protocol !== 'https:')) {
    throw new KeyformError('invalid-configuration', 'HTTPS_PROXY does not name an http:// or https:// proxy', {
      detail: 'Set HTTPS_PROXY to something like http://proxy.example:3128, or NO_PROXY to the host of the endpoint.',
    });
  }
  return proxy;
}

function isExcepted(url: URL, setting: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const port = url.port === '' ? '443' : url.port;
  return setting.split(/[,\s]+/).some((entry) => {
    if (entry === '') return false;
    if (entry === '*') return true;
    const [, name = '', ofPort] = /^(\[.*\]|[^:]*|.*:.*:.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? [];
    if (ofPort !== undefined && ofPort !== port) return false;
    const [address = '', prefix] = name.replace(/^\[|\]$/g, '').split('/');
    if (prefix !== undefined) return isWithin(host, address, Number(prefix));
    const domain = address.replace(/^\*?\./, '');
    return host === domain || host.endsWith(`.${domain}`);
  });
}

function isWithin(host: string, address: string, prefix: number): boolean {
  const family = isIP(address);
  if (family === 0 || isIP(host) !== family || !(prefix >= 0 && prefix <= (family === 4 ? 32 : 128))) return false;
  const name = family === 4 ? 'ipv4' : 'ipv6';
  const range = new BlockList();
  range.addSubnet(address, prefix, name);
  return range.check(host, name);
}

/** A proxy's refusal to connect. The message names the proxy without its credentials. */
export class ProxyError extends Error {
  /** `KEYFORM_PROXY_<status>`, or the code of the network error that kept the proxy out of reach. */
  readonly code: string;
  /** HTTP status of the refusal; null when the proxy could not be reached. */
  readonly status: number | null;

  constructor(message: string, code: string, status: number | null) {
    super(message);
    this.name = 'ProxyError';
    this.code = code;
    this.status = status;
  }
}

/**
 * A tunnel through `proxy` to `target` (`host:port`), by CONNECT. undici's own ProxyAgent is not used: it reads
 * process.env, and a proxy that hangs up makes it connect again and again without a pause. Rejects with a {@link ProxyError}.
 */
export async function openTunnel(proxy: URL, target: string, timeout: number, userAgent: string): Promise<Socket> {
  const { request } = await (proxy.protocol === 'https:' ? import('node:https') : import('node:http'));
  const headers: Record<string, string> = { host: target, 'user-agent': userAgent };
  if (proxy.username !== '' || proxy.password !== '') {
    const login = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
    headers['proxy-authorization'] = `Basic ${Buffer.from(login).toString('base64')}`;
  }
  return new Promise((resolve, reject) => {
    const connect = request({
      method: 'CONNECT',
      host: proxy.hostname.replace(/^\[|\]$/g, ''),
      port: proxy.port === '' ? (proxy.protocol === 'https:' ? 443 : 80) : Number(proxy.port),
      path: target,
      headers,
      agent: false,
      ...(proxy.protocol === 'https:' ? { rejectUnauthorized: true } : {}),
    });
    const timer = setTimeout(() => {
      connect.destroy(Object.assign(new Error('no answer in time'), { code: 'UND_ERR_CONNECT_TIMEOUT' }));
    }, timeout);
    const refuse = (status: number) => {
      clearTimeout(timer);
      connect.destroy();
      const login = status === 407 ? ' (it wants a user and password, or others)' : '';
      const text = `proxy ${proxy.host} refused the connection with HTTP ${status}${login}`;
      reject(new ProxyError(text, `KEYFORM_PROXY_${status}`, status));
    };
    connect.on('connect', (response, socket, head) => {
      const status = response.statusCode ?? 0;
      if (status < 200 || status > 299 || head.length > 0) {
        socket.destroy();
        refuse(status);
        return;
      }
      clearTimeout(timer);
      resolve(socket as Socket);
    });
    connect.on('response', (response) => refuse(response.statusCode ?? 0));
    connect.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      const code = error.code ?? 'UNKNOWN';
      reject(new ProxyError(`proxy ${proxy.host}: ${error.message}`, code, null));
    });
    connect.end();
  });
}
