/** The proxies that lead to the web, each as a URL or `host:port`; undefined where there is none. */
export interface WebProxies {
  readonly http: string | undefined;
  readonly https: string | undefined;
  /** Hosts to go to directly, as in NO_PROXY. */
  readonly none: string | undefined;
}
