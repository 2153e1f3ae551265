// Writes what Keyform found where people of a GitLab project look.
//
//   node report.mjs note FILE          a plan, as a note on the merge request: a new one the first time, the same one from then on
//   node report.mjs issue FILE CODE    drift, as one issue: opened, brought up to date, closed for code 0
//
// Needs KEYFORM_API_TOKEN (scope api) beside the variables that GitLab sets. No packages: Node 20 or newer.
import { readFileSync } from 'node:fs';

const LABEL = 'keyform-drift';
const TITLE = 'Keyform: keys have drifted';

const { CI_API_V4_URL, CI_PROJECT_ID, CI_MERGE_REQUEST_IID, CI_JOB_URL, KEYFORM_API_TOKEN } = process.env;
const [what, file, code] = process.argv.slice(2);

async function call(method, path, body) {
  const response = await fetch(`${CI_API_V4_URL}/projects/${CI_PROJECT_ID}/${path}`, {
    method,
    headers: { 'PRIVATE-TOKEN': KEYFORM_API_TOKEN, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(30_000),
  });
  if (!response.ok) throw new Error(`GitLab answered HTTP ${response.status} to ${method} ${path}`);
  return { body: await response.json(), next: response.headers.get('x-next-page') };
}

/** All pages. */
async function list(path) {
  const found = [];
  for (let page = '1'; page; ) {
    const answer = await call('GET', `${path}${path.includes('?') ? '&' : '?'}per_page=100&page=${page}`);
    found.push(...answer.body);
    page = answer.next;
  }
  return found;
}

/** The report; `otherwise` where the job failed before it could write one. */
function read(otherwise) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return otherwise;
  }
}

async function note() {
  const body = read(
    `<!-- keyform-plan:* -->\n\n## ❌ Keyform plan\n\nThere is no plan: [the job failed](${CI_JOB_URL}).\n`,
  );
  const marker = body.split('\n', 1)[0];
  const notes = `merge_requests/${CI_MERGE_REQUEST_IID}/notes`;
  // Only a note that this token's user wrote: anybody can put the marker into one.
  const me = await fetch(`${CI_API_V4_URL}/user`, {
    headers: { 'PRIVATE-TOKEN': KEYFORM_API_TOKEN },
    signal: AbortSignal.timeout(30_000),
  });
  if (!me.ok) throw new Error(`GitLab answered HTTP ${me.status} to GET user: is KEYFORM_API_TOKEN right?`);
  const { id } = await me.json();
  const old = (await list(`${notes}?sort=asc&order_by=created_at`)).find(
    (one) => one.author?.id === id && one.body.startsWith(marker),
  );
  if (old === undefined) await call('POST', notes, { body });
  else await call('PUT', `${notes}/${old.id}`, { body });
}

async function issue() {
  const [open] = await list(`issues?state=opened&labels=${LABEL}`);
  if (code === '0') {
    if (open === undefined) return;
    await call('POST', `issues/${open.iid}/notes`, { body: `No drift any more: ${CI_JOB_URL}` });
    await call('PUT', `issues/${open.iid}`, { state_event: 'close' });
    return;
  }
  const text = read('# ❌ Drift: nothing could be looked at\n\nThe job failed before it could report.\n');
  const description = `${text}\n${CI_JOB_URL}\n`;
  if (open === undefined) await call('POST', 'issues', { title: TITLE, labels: LABEL, description });
  else await call('PUT', `issues/${open.iid}`, { description });
}

if (!KEYFORM_API_TOKEN) {
  process.stderr.write(
    'KEYFORM_API_TOKEN is not set: nothing was written to GitLab. The report is among the artifacts.\n',
  );
  process.exit(1);
}
if (what === 'note') await note();
else if (what === 'issue') await issue();
else throw new Error('usage: report.mjs note FILE | issue FILE CODE');
