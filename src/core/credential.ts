import type { CredentialForm } from './provider.ts';

/**
 * The form of a key that signs as AWS's access keys do, whichever vendor made it: AWS CLI and SDKs, rclone, restic and the like
 * take it from these two variables (source: AWS CLI user guide, "Environment variables"). A session token beside a key that has none
 * makes every signature wrong, and a profile would win over the variables.
 */
export const AWS_CREDENTIAL: CredentialForm = {
  environment: { id: 'AWS_ACCESS_KEY_ID', secret: 'AWS_SECRET_ACCESS_KEY' },
  clears: ['AWS_SESSION_TOKEN', 'AWS_SECURITY_TOKEN', 'AWS_PROFILE', 'AWS_DEFAULT_PROFILE'],
  aws: true,
};
