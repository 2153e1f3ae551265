import { describe, expect, it } from 'vitest';
import { proxyFor } from '../../src/io/proxy.ts';

const PROXY = 'http://proxy.example:3128';

describe('which proxy', () => {
  it.each([
    { environment: {}, found: null },
    { environment: { HTTPS_PROXY: '' }, found: null },
    { environment: { HTTPS_PROXY: PROXY }, found: `${PROXY}/` },
    { environment: { HTTPS_PROXY: 'proxy.example:3128' }, found: `${PROXY}/` },
    { environment: { HTTPS_PROXY: 'https://proxy.example' }, found: 'https://proxy.example/' },
    { environment: { HTTPS_PROXY: 'http://upper.example', https_proxy: PROXY }, found: `${PROXY}/` },
    { environment: { HTTP_PROXY: PROXY, http_proxy: PROXY }, found: null },
  ])('$environment', ({ environment, found }) => {
    expect(proxyFor(new URL('https://api.example/x'), environment)?.href ?? null).toBe(found);
  });

  it.each([
    ['api.example.com', 'https://api.example.com', true],
    ['example.com', 'https://api.example.com', true],
    ['.example.com', 'https://api.example.com', true],
    ['*.example.com', 'https://api.example.com', true],
    ['EXAMPLE.com', 'https://api.example.com', true],
    ['ample.com', 'https://api.example.com', false],
    ['other.net, example.com', 'https://api.example.com', true],
    ['other.net example.com', 'https://api.example.com', true],
    ['*', 'https://api.example.com', true],
    ['example.com:443', 'https://api.example.com', true],
    ['example.com:8443', 'https://api.example.com', false],
    ['example.com:8443', 'https://api.example.com:8443', true],
    ['10.0.0.0/8', 'https://10.1.2.3', true],
    ['10.0.0.0/8', 'https://11.1.2.3', false],
    ['10.0.0.0/99', 'https://10.1.2.3', false],
    ['10.1.2.3', 'https://10.1.2.3', true],
    ['fd00::/8', 'https://[fd00::1]', true],
    ['fd00::1', 'https://[fd00::1]', true],
    ['[fd00::1]:443', 'https://[fd00::1]', true],
    ['[fd00::1]:8443', 'https://[fd00::1]', false],
    ['nonsense/8', 'https://10.1.2.3', false],
    ['', 'https://api.example.com', false],
  ])('NO_PROXY=%s: %s is direct: %s', (setting, url, direct) => {
    expect(proxyFor(new URL(url), { HTTPS_PROXY: PROXY, NO_PROXY: setting }) === null).toBe(direct);
    expect(proxyFor(new URL(url), { HTTPS_PROXY: PROXY, no_proxy: setting, NO_PROXY: '' }) === null).toBe(direct);
  });

  it.each(['socks5://user:SECRET@proxy.example', 'http://', 'http://[::SECRET'])('%s is refused', (setting) => {
    const ask = () => proxyFor(new URL('https://api.example'), { HTTPS_PROXY: setting });
    expect(ask).toThrowError(expect.objectContaining({ code: 'invalid-configuration' }));
    expect(ask).not.toThrowError(/SECRET/);
  });
});
