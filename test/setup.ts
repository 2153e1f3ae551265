/** Runs once before all tests. */
export default function setup(): void {
  // Tests see the environment of a bare machine: no colours, no log, no identity of the person who runs them.
  process.env.NO_COLOR = '1';
  for (const name of Object.keys(process.env)) {
    if (/^(KEYFORM_|TF_|OSC_|SINCH_|HTTPS?_PROXY$|https?_proxy$|XDG_)/.test(name)) delete process.env[name];
  }
}
