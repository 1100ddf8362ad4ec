import { EnvHttpProxyAgent } from 'undici';

import { type WebProxies } from './web-proxies.js';

/** How long one address of a host is tried before the next one; Node's 250 ms are too short for distant hosts. */
const addressTrialMs = 2_500;

/** Sends requests through the proxies. Must be destroyed. Fails with a TypeError for a proxy that cannot be. */
export function openProxied({ http, https, none }: WebProxies): EnvHttpProxyAgent {
  return new EnvHttpProxyAgent({
    httpProxy: withScheme(http),
    httpsProxy: withScheme(https),
    noProxy: none ?? '',
    // Many proxies tunnel to port 443 only.
    proxyTunnel: false,
    connect: { autoSelectFamily: true, autoSelectFamilyAttemptTimeout: addressTrialMs },
  });
}

function withScheme(proxy: string | undefined): string {
  if (proxy === undefined || proxy === '') return '';
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(proxy) ? proxy : `http://${proxy}`;
}
