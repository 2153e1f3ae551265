// The stacks that are measured.

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Keys of one project: as many as Sinch allows. */
export const KEYS_PER_OWNER = 10;

/**
 * The resources of a stack of `owners` Sinch projects with ten keys each.
 *
 * @param {number} owners
 */
export function projectKeys(owners) {
  const keys = {};
  for (let owner = 0; owner < owners; owner++) {
    const project = `00000000-0000-4000-8000-${String(owner).padStart(12, '0')}`;
    for (let key = 0; key < KEYS_PER_OWNER; key++) {
      keys[`key_${owner}_${key}`] = { project_id: project, display_name: `service ${key} of project ${owner}` };
    }
  }
  return { keyform_sinch_access_key: keys };
}

/**
 * The resources of a stack of `count` Tencent API Gateway keys, which are one owner.
 *
 * @param {number} count
 */
export function gatewayKeys(count) {
  const keys = Array.from({ length: count }, (_, index) => [`key_${index}`, { secret_name: `service ${index}` }]);
  return { keyform_tencent_api_key: Object.fromEntries(keys) };
}

/**
 * The resources of a stack of `owners` Yandex Cloud service accounts with `each` API keys.
 *
 * @param {number} owners
 * @param {number} each
 */
export function accountKeys(owners, each) {
  const keys = {};
  for (let owner = 0; owner < owners; owner++) {
    const account = `ajebench${String(owner).padStart(12, '0')}`;
    for (let key = 0; key < each; key++) {
      keys[`key_${owner}_${key}`] = { service_account_id: account, description: `service ${key}` };
    }
  }
  return { keyform_yandex_api_key: keys };
}

/**
 * Makes `folder` a Keyform project with one JSON stack, "main", of these resources.
 *
 * @param {string} folder
 * @param {object} resource
 * @param {string} recipient age recipient that state is sealed to
 */
export function writeProject(folder, resource, recipient) {
  write(join(folder, 'cdktf.json'), {
    language: 'typescript',
    context: { keyform: { stacks: 'stacks', state: 'state', recipients: [recipient] } },
  });
  write(join(folder, 'stacks', 'main', 'main.tf.json'), {
    terraform: { required_providers: { keyform: { source: 'keyform/keyform' } } },
    provider: { keyform: {} },
    resource,
  });
}

/**
 * Makes `folder` a Terraform root module of `count` resources of Terraform's own built-in type, which call no API: the least
 * that Terraform does for so many resources.
 *
 * @param {string} folder
 * @param {number} count
 */
export function writeTerraform(folder, count) {
  const resources = {};
  for (let index = 0; index < count; index++) resources[`key_${index}`] = { input: `service ${index}` };
  write(join(folder, 'main.tf.json'), { resource: { terraform_data: resources } });
}

function write(path, value) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);
}
