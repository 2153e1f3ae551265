// The parts of undici that Keyform loads by their own path. Bundled and minified, the two below start in about 18 ms
// where all of `undici` (fetch, WebSocket, cache, mocks) takes 47 ms, of the 65 ms that Node itself needs.
// undici 7 declares no `exports`, so its paths are open; the version is pinned, and the bundle holds the code.
declare module 'undici/lib/dispatcher/pool.js' {
  import { Pool } from 'undici';
  export default Pool;
}
declare module 'undici/lib/core/connect.js' {
  import { buildConnector } from 'undici';
  export default buildConnector;
}
